import { createServer, type Health, type Logger, type Metrics, type ZodFastify } from '@homeroom/chassis';
import { isUnavailable, type Database } from '@homeroom/postgres';
import type { Redis } from '@homeroom/redis';
import { openSessions, sessionsPlugin } from '@homeroom/sessions';
import { openMailLimit } from './credentials/mail-limit.ts';
import { pageRoutes } from './accounts/page-routes.ts';
import { passwordRoutes } from './accounts/password-routes.ts';
import { openPasswords } from './credentials/passwords.ts';
import { sessionRoutes } from './accounts/routes.ts';
import { openDeviceCookies } from './accounts/device-cookie.ts';
import { openSignInLimit } from './accounts/sign-in-limit.ts';
import { openSignInSlowdown } from './accounts/sign-in-slowdown.ts';
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
  const secure = config.PUBLIC_ORIGIN.startsWith('https:');
  const sessions = openSessions({ redis, keyPrefix: redisPrefix });
  await app.register(sessionsPlugin, {
    store: sessions,
    service: 'families',
    secure,
  });
  const attacks = metrics.counter('sign_in_attacks_total', 'Accounts whose sign-in was slowed after many failures');
  const deps = {
    database,
    sessions,
    passwords: openPasswords({
      secret: config.CURSOR_SECRET,
      concurrent: config.PASSWORD_CONCURRENCY,
      queued: config.PASSWORD_QUEUE,
    }),
    signInLimit: openSignInLimit({
      redis,
      keyPrefix: redisPrefix,
      perAccount: config.SIGN_IN_FAILURES_PER_ACCOUNT,
      perAddress: config.SIGN_IN_FAILURES_PER_ADDRESS,
    }),
    signInSlowdown: openSignInSlowdown({
      redis,
      keyPrefix: redisPrefix,
      after: config.SIGN_IN_SLOWDOWN_AFTER,
      intervalSeconds: config.SIGN_IN_SLOWDOWN_SECONDS,
    }),
    deviceCookies: openDeviceCookies({ secret: config.ACCOUNT_TOKEN_SECRET, secure }),
    onSignInAttack: (account: string, failures: number) => {
      attacks.inc();
      logger.warn({ account, failures }, 'sign-in attacked');
    },
    accountTokenSecret: config.ACCOUNT_TOKEN_SECRET,
    mailLimit: openMailLimit({
      redis,
      keyPrefix: redisPrefix,
      perMailbox: config.ACCOUNT_MAILS_PER_MAILBOX,
      perAddress: config.ACCOUNT_MAILS_PER_ADDRESS,
      logger,
    }),
  };
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
