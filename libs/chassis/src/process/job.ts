import type { z } from 'zod';
import { ConfigError, loadConfig } from '../wiring/config.ts';
import { createLogger, type Logger } from '../wiring/logger.ts';

/** Exit codes after sysexits.h: the caller learns from them whether another try may help. */
const exitCodes = { failed: 1, temporary: 75, misconfigured: 78 } as const;

/**
 * Runs a job to its end, such as a service's migrations. Sets the exit code 78 when the configuration is invalid, 75 when
 * another try may succeed, and 1 for any other failure.
 * @param options.isTemporary recognizes errors that another try may not meet.
 */
export async function runJob<S extends z.ZodType>(
  {
    service,
    role,
    config,
    isTemporary,
  }: { service: string; role: string; config: S; isTemporary: (error: unknown) => boolean },
  work: (job: { config: Readonly<z.infer<S>>; logger: Logger }) => Promise<void>,
): Promise<void> {
  const logger = createLogger({ service, role });
  try {
    await work({ config: loadConfig(config), logger });
  } catch (error) {
    logger.fatal({ err: error }, `${role} failed`);
    if (error instanceof ConfigError) process.exitCode = exitCodes.misconfigured;
    else process.exitCode = isTemporary(error) ? exitCodes.temporary : exitCodes.failed;
  }
}
