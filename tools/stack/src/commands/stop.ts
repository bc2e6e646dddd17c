import { setTimeout as delay } from 'node:timers/promises';
import { readStackOptions } from '../options/options.ts';
import { endStale, lockOwner, releaseState } from '../processes/lock.ts';
import { isAlive } from '../processes/records.ts';
import { removeAbandoned } from '../stack/private-stacks.ts';
import { runCommand } from '../terminal/run-command.ts';

const help = `Ends this checkout's stack from another terminal, and what a killed stack left behind.

  npm run stop [-- --state <folder>]`;

await runCommand(async () => {
  const args = process.argv.slice(2);
  const orphansOnly = args.includes('--orphans');
  const { options } = readStackOptions(
    args.filter((arg) => arg !== '--orphans'),
    process.env,
  );
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
  if (owner !== undefined) console.log(`Stopped the stack with pid ${owner.pid}.`);
  if (ended.length > 0) console.log(`Ended ${ended.length} processes of a killed run: ${ended.join(', ')}`);
  return 0;
}, help);
