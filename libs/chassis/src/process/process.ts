import type { Shell as LibShell } from '@homeroom/telemetry';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from 'node:http';
import type { z } from 'zod';
import { ConfigError, loadConfig, type ProcessConfig } from '../wiring/config.ts';
import { drainable } from './drain.ts';
import { Health } from '../wiring/health.ts';
import { createLogger, type Logger } from '../wiring/logger.ts';
import { Metrics } from '../wiring/metrics.ts';
import { serveOps } from '../wiring/ops.ts';
import type { ZodFastify } from '../http/zod-fastify.ts';
import { startTracing, type Tracing } from '../wiring/tracing.ts';

/** What a process's main function receives. */
export interface Shell<C extends ProcessConfig = ProcessConfig> extends LibShell<C> {
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Listens on HOST:PORT and marks the process started. At the end the app is drained before anything is closed. */
  readonly serve: (app: ZodFastify) => Promise<void>;
  /** For processes that serve nothing: marks them started. */
  readonly started: () => void;
}

/** `EX_CONFIG` of sysexits.h: restarting will not help. */
const misconfigured = 78;
/** The share of the remaining time that is kept for flushing and closing when the drain takes too long. */
const shareForClosing = 0.3;

/**
 * Runs a process from its configuration to its end. Prints every mistake of the configuration and exits 78; logs an
 * uncaught error and exits 1; on SIGTERM or SIGINT stops in order and exits 0: not ready → PRESTOP_DELAY_MS → no new
 * connections → answers in progress → `onClose`, last first → traces and logs flushed. At SHUTDOWN_DEADLINE_MS, or at a
 * second signal, it exits 1 wherever it is.
 */
export async function runProcess<S extends z.ZodType<ProcessConfig>>(
  { service, role, config: schema }: { service: string; role: 'api' | 'worker'; config: S },
  main: (shell: Shell<Readonly<z.infer<S>>>) => Promise<void>,
): Promise<void> {
  const config = configOrExit(schema, `${service} ${role}`);
  const logger = createLogger({ service, role, level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  const die = (error: unknown, what: string): never => {
    logger.fatal({ err: error }, what);
    process.exit(1);
  };
  process.on('uncaughtException', (error) => die(error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => die(error, 'unhandled rejection'));

  const ending = new Ending({ config, logger });
  process.on('SIGTERM', () => void ending.begin('SIGTERM'));
  process.on('SIGINT', () => void ending.begin('SIGINT'));
  try {
    await main(await openShell(ending, { service, role, config, logger }));
  } catch (error) {
    if (ending.signal.aborted) {
      // asked to stop before it had started: shutdown continues in order
      logger.info({ reason: String(error) }, 'startup aborted');
      return;
    }
    logger.fatal({ err: error }, 'startup failed');
    await ending.begin('startup failed', 1);
  }
}

/** Starts tracing, health, and metrics; what `main` opens and runs is closed by `ending`. */
async function openShell<C extends ProcessConfig>(
  ending: Ending,
  { service, role, config, logger }: { service: string; role: string; config: C; logger: Logger },
): Promise<Shell<C>> {
  ending.tracing = await startTracing({
    service,
    role,
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    ratio: config.OTEL_SAMPLE_RATIO,
  });
  const { health, signal } = ending;
  const metrics = new Metrics({ service, role });
  const ops = await serveOps({ host: config.HOST, port: config.OPS_PORT }, { health, metrics });
  ending.ops = ops.server;
  logger.info({ port: ops.port }, 'health and metrics');
  const onClose: Shell['onClose'] = (name, close) => ending.closers.unshift({ name, close });
  return {
    ...{ service, name: `${service}-${role}`, config, logger, health, metrics, signal, onClose },
    run(name, loop) {
      const working = loop(signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        logger.debug({ err: error, name }, 'stopped during startup');
      });
      onClose(name, () => working);
    },
    async serve(app) {
      ending.drains.push(drainable(app));
      const address = await app.listen({ host: config.HOST, port: config.PORT });
      health.markStarted();
      logger.info({ address }, 'listening');
    },
    started() {
      health.markStarted();
      logger.info('running');
    },
  };
}

function configOrExit<S extends z.ZodType>(schema: S, name: string): Readonly<z.infer<S>> {
  try {
    return loadConfig(schema);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(misconfigured);
  }
}

/** The shutdown of a process, in order and within its deadline. */
class Ending {
  readonly health = new Health();
  readonly closers: { name: string; close: () => Promise<unknown> }[] = [];
  readonly drains: ((budgetMs: number) => Promise<number>)[] = [];
  tracing: Tracing | undefined;
  ops: Server | undefined;
  readonly #stopping = new AbortController();
  readonly #config: ProcessConfig;
  readonly #logger: Logger;

  constructor({ config, logger }: { config: ProcessConfig; logger: Logger }) {
    this.#config = config;
    this.#logger = logger;
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  async begin(why: string, exitCode = 0): Promise<void> {
    if (this.signal.aborted) {
      this.#logger.warn({ why }, 'second signal received, exiting now');
      process.exit(1);
    }
    const { SHUTDOWN_DEADLINE_MS: deadlineMs, PRESTOP_DELAY_MS: prestopMs } = this.#config;
    const endsAt = performance.now() + deadlineMs;
    setTimeout(() => {
      this.#logger.error({ deadlineMs }, 'shutdown deadline exceeded');
      process.exit(1);
    }, deadlineMs).unref();
    this.#logger.info({ why }, 'stopping');
    this.health.drain();
    this.#stopping.abort();
    if (exitCode === 0) await delay(prestopMs);

    const budgetMs = (endsAt - performance.now()) * (1 - shareForClosing);
    const cut = await Promise.all(this.drains.map((drain) => drain(budgetMs)));
    if (cut.some((connections) => connections > 0)) this.#logger.warn({ cut }, 'connections were cut');

    let code = exitCode;
    for (const { name, close } of this.closers) {
      try {
        await close();
      } catch (error) {
        this.#logger.error({ err: error, name }, 'closing failed');
        code = 1;
      }
    }
    this.health.stop();
    await this.tracing
      ?.shutdown()
      .catch((error: unknown) => this.#logger.warn({ err: error }, 'sending traces failed'));
    if (this.ops?.listening === true) {
      this.ops.close();
      this.ops.closeAllConnections();
      await once(this.ops, 'close');
    }
    this.#logger.info('stopped');
    process.exit(code);
  }
}
