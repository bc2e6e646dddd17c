import { createServer, type Shell, type ZodFastify } from '@homeroom/chassis';
import { coopsPlugin, type Directory } from '@homeroom/coops';
import { sealingWith } from '@homeroom/csv';
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
import { coopRoutes } from './coops/routes.ts';
import { errors } from './errors.ts';
import { familyRoutes } from './families/routes.ts';
import { rosterRoutes } from './roster/routes.ts';
import { searchRoutes } from './search/routes.ts';

interface AppDeps extends Pick<Shell, 'logger' | 'health' | 'metrics'> {
  readonly database: Database;
  readonly coops: Directory;
  /** The instance for sessions and limits: the one that never evicts. */
  readonly redis: Redis;
  readonly redisPrefix?: string;
}

/** Builds the API without listening, so that tests can inject requests. Opens nothing that must be closed. */
export async function buildApp(
  config: ApiConfig,
  { database, coops, redis, redisPrefix = '', ...shell }: AppDeps,
): Promise<ZodFastify> {
  const app = await createServer({
    service: 'families',
    config,
    ...shell,
    errors,
    limiter: redis,
    limiterPrefix: redisPrefix,
    unavailable: isUnavailable,
    openapi: {
      title: 'Homeroom families',
      description: 'Families, guardians, children, signing in, and the co-ops of the installation.',
      version: '1.0.0',
    },
  });
  await app.register(coopsPlugin, { directory: coops });
  const sessions = openSessions({ redis, keyPrefix: redisPrefix });
  await app.register(sessionsPlugin, {
    store: sessions,
    service: 'families',
    coopOf: ({ coop }) => coop?.coopId,
    secure: config.PUBLIC_ORIGIN.startsWith('https:'),
  });
  const deps = openAccountDeps(config, { ...shell, database, redis, keyPrefix: redisPrefix, sessions });
  coopRoutes(app, { database, cursorSecret: config.CURSOR_SECRET });
  familyRoutes(app, deps);
  childRoutes(app, deps);
  sessionRoutes(app, deps);
  verificationRoutes(app, deps);
  passwordRoutes(app, deps);
  pageRoutes(app);
  searchRoutes(app, { database, cursorSecret: config.CURSOR_SECRET });
  rosterRoutes(app, { database, sealing: sealingWith(config.ACCOUNT_TOKEN_SECRET) });
  return app;
}
