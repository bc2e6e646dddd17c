import { openProgress } from '@homeroom/terminal';
import { readStackOptions, stackFlags } from '../options/options.ts';
import { testEnvironment } from '../stack/stack-file.ts';
import { startStack } from '../stack/stack.ts';
import { runCommand } from '../terminal/run-command.ts';

const help = `Starts only the engines: Postgres with its replica, two Redis, Kafka.

  npm run engines -- [options]

${stackFlags}`;

await runCommand(async ({ signal, happened }) => {
  const { options } = readStackOptions(process.argv.slice(2), process.env);
  const progress = openProgress();
  const stack = await startStack(options, progress, { enginesOnly: true, signal });
  const lines = Object.entries(testEnvironment(stack.description)).map(([name, value]) => `  export ${name}=${value}`);
  progress.say(`\nThe engines run. For a test of your own:\n${lines.join('\n')}\nCtrl-C ends them.`);
  await happened;
  await progress.step('Stopping', () => stack.stop());
  return 0;
}, help);
