import { openProgress } from '@homeroom/terminal';
import { checkout, readStackOptions, stackFlags } from '../options/options.ts';
import { removeAbandoned } from '../stack/private-stacks.ts';
import { startStack } from '../stack/stack.ts';
import { whatToOpen } from '../stack/what-to-open.ts';
import { PlainError } from '../terminal/errors.ts';
import { runCommand } from '../terminal/run-command.ts';

const help = `Starts Homeroom: engines, three services, gateway, mail catcher, payment sandbox. Ctrl-C ends all of it.

  npm start [-- options]

${stackFlags}`;

await runCommand(async ({ signal, happened }) => {
  const { options, positionals } = readStackOptions(process.argv.slice(2), process.env);
  if (positionals.length > 0)
    throw new PlainError(`npm start takes no “${positionals.join(' ')}”. See npm start -- --help`);
  const progress = openProgress();
  const startedAt = Date.now();
  progress.say('Homeroom starts');
  await removeAbandoned(checkout);
  const stack = await startStack(options, progress, { signal });
  progress.say(`\n${whatToOpen(stack.description, Date.now() - startedAt)}\n`);
  await happened;
  progress.say('');
  await progress.step('Stopping', () => stack.stop());
  return 0;
}, help);
