import type { z } from 'zod';
import { ConfigError, loadConfig } from '../wiring/config.ts';
import { createLogger, type Logger } from '../wiring/logger.ts';

/** Exit codes after sysexits.h: the caller learns from them whether another try may help. */
const exitCodes = { failed: 1, temporary: 75, misconfigured: 78 } as const;

/**
 * Runs a job to its end, such as a service's migrations. Sets the exit code 78 when the configuration is invalid, 75 when
 * another try may succeed, and 1 for any other failure.
 * @param job.isTemporary recognizes errors that another try may not meet.
 */
export async function runJob<S extends z.ZodType>(
  job: { service: string; role: string; config: S; isTemporary: (error: unknown) => boolean },
  work: (given: { config: Readonly<z.infer<S>>; logger: Logger }) => Promise<void>,
): Promise<void> {
  const logger = createLogger({ service: job.service, role: job.role });
  try {
    await work({ config: loadConfig(job.config), logger });
  } catch (error) {
    logger.fatal({ err: error }, `${job.role} failed`);
    if (error instanceof ConfigError) process.exitCode = exitCodes.misconfigured;
    else process.exitCode = job.isTemporary(error) ? exitCodes.temporary : exitCodes.failed;
  }
}
