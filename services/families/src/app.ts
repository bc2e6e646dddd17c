import { createServer, type Health, type Logger, type Metrics, type ZodFastify } from '@homeroom/chassis';
import { isUnavailable, type Database } from '@homeroom/postgres';
import type { Redis } from '@homeroom/redis';
import { openSessions, sessionsPlugin } from '@homeroom/sessions';
import { openAccountDeps } from './accounts/deps.ts';
import { pageRoutes } from './accounts/page-routes.ts';
import { passwordRoutes } from './accounts/password-routes.ts';
import { sessionRoutes } from './accounts/routes.ts';
import { verificationRoutes } from './accounts/verification-routes.ts';
import { childRoutes } from './children/routes.ts';
import type { ApiConfig } from './config.ts';
import { errors } from './errors.ts';
import { familyRoutes } from './families/routes.ts';
import { rosterRoutes } from './roster/routes.ts';
import { searchRoutes } from './search/routes.ts';

/** Builds the API without listening, so that tests can inject requests. Opens nothing that must be closed. */
export async function buildApp(
  config: ApiConfig,
  {
    logger,
    health,
    metrics,
    database,
    redis,
    redisPrefix = '',
  }: {
    logger: Logger;
    health: Health;
    metrics: Metrics;
    database: Database;
    /** The instance for sessions and limits: the one that never evicts. */
    redis: Redis;
    redisPrefix?: string;
  },
): Promise<ZodFastify> {
  const app = await createServer({
    service: 'families',
    config,
    logger,
    health,
    metrics,
    errors,
    limiter: redis,
    limiterPrefix: redisPrefix,
    unavailable: isUnavailable,
    openapi: {
      title: 'Homeroom families',
      description: 'Families, guardians, children, and signing in.',
      version: '1.0.0',
    },
  });
  const sessions = openSessions({ redis, keyPrefix: redisPrefix });
  await app.register(sessionsPlugin, {
    store: sessions,
    service: 'families',
    secure: config.PUBLIC_ORIGIN.startsWith('https:'),
  });
  const deps = openAccountDeps(config, { logger, metrics, database, redis, redisPrefix, sessions });
  familyRoutes(app, deps);
  childRoutes(app, deps);
  sessionRoutes(app, deps);
  verificationRoutes(app, deps);
  passwordRoutes(app, deps);
  pageRoutes(app);
  searchRoutes(app, { database, cursorSecret: config.CURSOR_SECRET });
  rosterRoutes(app, deps);
  return app;
}
