import type { Cache } from '@homeroom/cache';
import { createServer, type Shell, type ZodFastify } from '@homeroom/chassis';
import { coopsPlugin, type Directory } from '@homeroom/coops';
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
import { termsOf } from './seats/terms.ts';
import { timetableRoutes } from './timetable/routes.ts';

export interface AppDeps extends Pick<Shell, 'logger' | 'health' | 'metrics'> {
  readonly database: Database;
  readonly coops: Directory;
  readonly classes: Cache;
  /** The instance for sessions and limits, which never evicts. */
  readonly redis: Redis;
  readonly redisPrefix?: string;
}

/** Builds the API without listening, so that tests can inject requests. Opens nothing that must be closed. */
export async function buildApp(
  config: ApiConfig,
  { database: db, coops, classes, redis, redisPrefix = '', ...shell }: AppDeps,
): Promise<ZodFastify> {
  const app = await createServer({
    service: 'enrollment',
    config,
    ...shell,
    errors,
    limiter: redis,
    limiterPrefix: redisPrefix,
    unavailable: isUnavailable,
    openapi: {
      title: 'Homeroom enrollment',
      description: 'Classes and their seats, the waitlist, enrollments, payments.',
      version: '1.0.0',
    },
  });
  await app.register(coopsPlugin, { directory: coops });
  await app.register(sessionsPlugin, {
    store: openSessions({ redis, keyPrefix: redisPrefix }),
    service: 'enrollment',
    coopOf: (request) => request.coop?.coopId,
    secure: config.PUBLIC_ORIGIN.startsWith('https:'),
  });
  const arriving = new ArrivingChildren(db, { waitMs: config.ENROLL_WAIT_FOR_FAMILY_MS });
  app.addHook('preClose', (done) => {
    arriving.close();
    done();
  });
  const cursorSecret = config.CURSOR_SECRET;
  const terms = termsOf(config);
  classRoutes(app, { db, classes, cursorSecret });
  timetableRoutes(app, { db, classes, terms, timeZone: config.TIME_ZONE });
  enrollmentRoutes(app, { db, known: new KnownFacts(), arriving, terms, cursorSecret, metrics: shell.metrics });
  paymentRoutes(app, { db, terms, metrics: shell.metrics, webhookSecret: config.PAYMENT_WEBHOOK_SECRET });
  return app;
}
