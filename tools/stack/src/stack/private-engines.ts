import type { StackOptions } from '../options/options.ts';
import { privateStack } from './private-stacks.ts';
import type { Progress } from '@homeroom/terminal';
import { startStack } from './stack.ts';
import { testEnvironment } from './stack-file.ts';

/**
 * Starts engines on free ports, hands `work` the environment that @homeroom/testing reads, and stops them whatever happens.
 * @param purpose names their folder while they run.
 * @param durable whether Postgres waits for the disk at every commit: tests need not, figures must.
 */
export async function withPrivateEngines<T>(
  options: StackOptions,
  purpose: string,
  progress: Progress,
  signal: AbortSignal,
  work: (env: Record<string, string>) => Promise<T>,
  { durable = false }: { durable?: boolean } = {},
): Promise<T> {
  const own = await privateStack(options, purpose, { durable });
  const engines = await startStack(own.options, progress, { enginesOnly: true, signal });
  try {
    return await work(testEnvironment(engines.description));
  } finally {
    await engines.stop();
    own.remove();
  }
}
