import { endStale, lockOwner, releaseState } from '../processes/lock.ts';
import { readStackOptions } from '../options/options.ts';
import { removeAbandoned } from '../stack/private-stacks.ts';
import { isAlive } from '../processes/records.ts';
import { runCommand } from '../terminal/run-command.ts';
import { setTimeout as delay } from 'node:timers/promises';

const help = `Ends this checkout's stack from another terminal, and whatever a killed one left behind.

  npm run stop [-- --state <folder>]`;

await runCommand(async () => {
  const args = process.argv.slice(2);
  const orphansOnly = args.includes('--orphans');
  const { options, help: wantsHelp } = readStackOptions(
    args.filter((arg) => arg !== '--orphans'),
    process.env,
  );
  if (wantsHelp) {
    console.log(help);
    return 0;
  }
  const owner = lockOwner(options.stateDir);
  if (owner !== undefined && orphansOnly) return 0;
  if (owner !== undefined) {
    process.kill(owner.pid, 'SIGTERM');
    const deadline = Date.now() + 10_000;
    while (isAlive(owner) && Date.now() < deadline) await delay(50);
  }
  const ended = await endStale(options.stateDir);
  releaseState(options.stateDir);
  await removeAbandoned(options.checkout);
  if (owner !== undefined) console.log(`Stopped the stack that ran as pid ${owner.pid}.`);
  if (ended.length > 0) console.log(`Ended ${ended.length} processes that a killed run had left: ${ended.join(', ')}`);
  return 0;
});
