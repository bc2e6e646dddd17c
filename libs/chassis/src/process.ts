import type { z } from 'zod';
import { ConfigError, loadConfig, type processConfig, type ProcessConfig } from './config.ts';
import { Health } from './health.ts';
import { createLogger, type Logger } from './logger.ts';
import { Metrics } from './metrics.ts';
import type { ZodFastify } from './server.ts';

/** What a process's main function is given. */
export interface Shell<C extends ProcessConfig = ProcessConfig> {
  readonly config: C;
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Aborted when the shutdown begins; loops and long answers end on it. */
  readonly signal: AbortSignal;
  /** Registers what must be closed after the drain, last registered first. */
  onClose(name: string, close: () => Promise<unknown>): void;
  /** Listens on HOST:PORT, marks the process started and drains the app at the end. */
  serve(app: ZodFastify): Promise<void>;
  /** For processes that serve nothing: they are running now. */
  started(): void;
}

export async function runProcess<S extends z.ZodType<ProcessConfig>>(
  { service, role, config: schema }: { service: string; role: 'api' | 'worker'; config: S },
  main: (shell: Shell<Readonly<z.infer<S>>>) => Promise<void>,
): Promise<void> {
  let config: Readonly<z.infer<S>>;
  try {
    config = loadConfig(schema);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${service} ${role}: ${error.message}\n`);
    process.exit(78);
  }
  const logger = createLogger({ service, role, level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  const health = new Health();
  const metrics = new Metrics({ service, role });
  const stopping = new AbortController();
  const closers: (() => Promise<unknown>)[] = [];
  await main({
    config,
    logger,
    health,
    metrics,
    signal: stopping.signal,
    onClose: (_name, close) => void closers.unshift(close),
    serve: async (app) => {
      closers.push(() => app.close());
      await app.listen({ host: config.HOST, port: config.PORT });
      health.markStarted();
    },
    started: () => health.markStarted(),
  });
}
export type { processConfig };
