import type { Cache } from '@homeroom/cache';
import { createServer, type Health, type Logger, type Metrics, type ZodFastify } from '@homeroom/chassis';
import { isUnavailable, type Database } from '@homeroom/postgres';
import type { Redis } from '@homeroom/redis';
import { openSessions, sessionsPlugin } from '@homeroom/sessions';
import { classRoutes } from './classes/routes.ts';
import type { ApiConfig } from './config.ts';
import { ArrivingChildren } from './enrollments/arriving-children.ts';
import { KnownFacts } from './enrollments/known-facts.ts';
import { enrollmentRoutes } from './enrollments/routes.ts';
import { errors } from './errors.ts';
import { paymentRoutes } from './payments/routes.ts';

/** What routes work with. */
export interface Deps {
  readonly config: ApiConfig;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly classes: Cache;
  readonly known: KnownFacts;
  readonly arriving: ArrivingChildren;
}

/** Builds the API without listening, so that tests can inject requests. Opens nothing that must be closed. */
export async function buildApp(
  config: ApiConfig,
  {
    logger,
    health,
    metrics,
    database,
    classes,
    redis,
    redisPrefix = '',
  }: {
    logger: Logger;
    health: Health;
    metrics: Metrics;
    database: Database;
    classes: Cache;
    /** The instance for sessions and limits: the one that never evicts. */
    redis: Redis;
    redisPrefix?: string;
  },
): Promise<ZodFastify> {
  const app = await createServer({
    service: 'enrollment',
    config,
    logger,
    health,
    metrics,
    errors,
    limiter: redis,
    limiterPrefix: redisPrefix,
    unavailable: isUnavailable,
    openapi: {
      title: 'Homeroom enrolment',
      description: 'Classes and their seats, the waitlist, enrolments, payments.',
      version: '1.0.0',
    },
  });
  await app.register(sessionsPlugin, {
    store: openSessions({ redis, keyPrefix: redisPrefix }),
    service: 'enrollment',
    secure: config.PUBLIC_ORIGIN.startsWith('https:'),
  });
  const arriving = new ArrivingChildren(database, { waitMs: config.ENROLL_WAIT_FOR_FAMILY_MS });
  app.addHook('preClose', (done) => {
    arriving.close();
    done();
  });
  const deps: Deps = { config, metrics, database, classes, known: new KnownFacts(), arriving };
  classRoutes(app, deps);
  enrollmentRoutes(app, deps);
  paymentRoutes(app, deps);
  return app;
}
