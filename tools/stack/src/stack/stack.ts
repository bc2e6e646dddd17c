import type { Progress } from '@homeroom/terminal';
import { join } from 'node:path';
import type { StackOptions } from '../options/options.ts';
import { apiNames, serviceNames, workerName } from '../options/service-names.ts';
import { releaseState, takeState } from '../processes/lock.ts';
import { Supervisor } from '../processes/supervisor.ts';
import { InterruptedError } from '../terminal/errors.ts';
import { startParts, type StackHooks } from './parts.ts';
import { removeStackFile, writeStackFile, type StackFile } from './stack-file.ts';

export interface RunningStack {
  description: StackFile;
  supervisor: Supervisor;
  /** Ends everything in order, within 5 s. */
  stop(): Promise<void>;
}

/** Starts a stack, or its engines only, and resolves when all of it serves. When a part cannot start, the rest is ended. */
export async function startStack(
  options: StackOptions,
  progress: Progress,
  hooks: StackHooks = {},
): Promise<RunningStack> {
  const stale = await takeState(options.stateDir);
  if (stale.length > 0) progress.say(`  Ended ${stale.length} processes of a killed run: ${stale.join(', ')}`);
  const supervisor = new Supervisor({
    runDir: join(options.stateDir, 'run'),
    logDir: join(options.stateDir, 'log'),
    onRestart: ({ name, reason, inMs }) =>
      progress.say(`  ! ${name} ended (${reason}); starts again in ${inMs / 1000} s. Log: ${supervisor.logFile(name)}`),
    onRestarted: (name) => progress.say(`  ✓ ${name} is back`),
  });
  const killAll = (): void => supervisor.killAll();
  process.on('exit', killAll);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= stopAll(supervisor).finally(() => {
      removeStackFile(options.stateDir);
      releaseState(options.stateDir);
      process.off('exit', killAll);
    });
    return stopping;
  };
  const parts = startParts(options, progress, supervisor, hooks);
  try {
    const description = await Promise.race([parts, rejectOn(hooks.signal)]);
    writeStackFile(options.stateDir, description);
    return { description, supervisor, stop };
  } catch (error) {
    await stop();
    // what was in progress fails now
    await Promise.allSettled([parts]);
    throw error;
  }
}

function rejectOn(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new InterruptedError('interrupted')), { once: true });
  });
}

async function stopAll(supervisor: Supervisor): Promise<void> {
  supervisor.refuseNew();
  // first what accepts work, then the workers, then the engines
  await supervisor.stop(['gateway', ...serviceNames.flatMap(apiNames)]);
  await supervisor.stop(serviceNames.map(workerName));
  await supervisor.stop(supervisor.names());
}
