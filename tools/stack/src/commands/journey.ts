import { runJourney } from '../journey-run.ts';
import { journeyFlags } from '../journey/settings.ts';
import { checkout, readStackOptions } from '../options.ts';
import { privateStack, removeAbandoned } from '../private-stacks.ts';
import { openProgress } from '../progress.ts';
import { runCommand } from '../run-command.ts';
import { startStack } from '../stack.ts';
import { readRunningStack } from '../stack-file.ts';

const help = `A whole co-op, over HTTP and through the gateway: registers every family, enrols the children by their wishes, takes the
payment provider down and up, and checks from the outside that nothing was oversold, lost or doubled.

  npm run journey [-- options]

Against the stack that \`npm start\` runs, when one does; otherwise, and with --private, against one of its own on free ports.

  --private          a stack of its own even when one runs
${journeyFlags}`;

await runCommand(async ({ signal }) => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help);
    return 0;
  }
  const { options } = readStackOptions([], process.env);
  const ours = args.filter((arg) => arg !== '--private');
  const running = args.includes('--private') ? undefined : readRunningStack(options.stateDir);
  if (running !== undefined) return runJourney({ checkout, stack: running, args: ours, signal });

  await removeAbandoned(checkout);
  const progress = openProgress();
  progress.say('A stack of its own for the journey');
  const own = await privateStack(options, 'journey');
  const stack = await startStack(own.options, progress, { signal });
  let code = 1;
  try {
    code = await runJourney({ checkout, stack: stack.description, args: ours, signal });
  } finally {
    await stack.stop();
    // the logs of a failure are kept until the next run
    if (code === 0) own.remove();
    else progress.say(`Logs: ${stack.description.logDir}`);
  }
  return code;
});
