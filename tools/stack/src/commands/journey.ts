import { journeyHelp, runJourney } from '@homeroom/journey';
import { openProgress } from '@homeroom/terminal';
import { checkout, readStackOptions } from '../options/options.ts';
import { privateStack, removeAbandoned } from '../stack/private-stacks.ts';
import { readRunningStack } from '../stack/stack-file.ts';
import { startStack } from '../stack/stack.ts';
import { runCommand } from '../terminal/run-command.ts';

await runCommand(async ({ signal }) => {
  const args = process.argv.slice(2);
  const { options } = readStackOptions([], process.env);
  const ours = args.filter((arg) => arg !== '--private');
  const running = args.includes('--private') ? undefined : readRunningStack(options.stateDir);
  if (running !== undefined) return runJourney(running, ours, signal);

  await removeAbandoned(checkout);
  const progress = openProgress();
  progress.say('A stack of its own for the journey');
  const own = await privateStack(options, 'journey');
  const stack = await startStack(own.options, progress, { signal });
  let code = 1;
  try {
    code = await runJourney(stack.description, ours, signal);
  } finally {
    await stack.stop();
    // the logs of a failure are kept until the next run
    if (code === 0) own.remove();
    else progress.say(`Logs: ${stack.description.logDir}`);
  }
  return code;
}, journeyHelp);
