import type { Logger, Metrics } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import type { Redis } from '@homeroom/redis';
import type { SessionStore } from '@homeroom/sessions';
import type { ApiConfig } from '../config.ts';
import { openMailLimit } from '../credentials/mail-limit.ts';
import { openPasswords } from '../credentials/passwords.ts';
import { openDeviceCookies } from './device-cookie.ts';
import { openSignInLimit } from './sign-in-limit.ts';
import { openSignInSlowdown } from './sign-in-slowdown.ts';

/** What routes and use-cases of accounts work with; each takes its part. */
export type AccountDeps = Readonly<ReturnType<typeof openAccountDeps>>;

/** Opens what accounts need beside the database and sessions: nothing that must be closed. */
export function openAccountDeps(
  config: ApiConfig,
  given: {
    logger: Logger;
    metrics: Metrics;
    database: Database;
    redis: Redis;
    keyPrefix: string;
    sessions: SessionStore;
  },
) {
  const { logger, metrics, database, redis, keyPrefix, sessions } = given;
  const attacks = metrics.counter('sign_in_attacks_total', 'Accounts whose sign-in was slowed after many failures');
  return {
    database,
    sessions,
    passwords: openPasswords({
      secret: config.CURSOR_SECRET,
      concurrent: config.PASSWORD_CONCURRENCY,
      queued: config.PASSWORD_QUEUE,
    }),
    signInLimit: openSignInLimit({
      redis,
      keyPrefix,
      perAccount: config.SIGN_IN_FAILURES_PER_ACCOUNT,
      perAddress: config.SIGN_IN_FAILURES_PER_ADDRESS,
    }),
    signInSlowdown: openSignInSlowdown({
      redis,
      keyPrefix,
      after: config.SIGN_IN_SLOWDOWN_AFTER,
      intervalSeconds: config.SIGN_IN_SLOWDOWN_SECONDS,
    }),
    deviceCookies: openDeviceCookies({
      secret: config.ACCOUNT_TOKEN_SECRET,
      secure: config.PUBLIC_ORIGIN.startsWith('https:'),
    }),
    /** Counts and logs that the password of an account is being guessed. @param account stands for its address. */
    onSignInAttack: (account: string, failures: number): void => {
      attacks.inc();
      logger.warn({ account, failures }, 'sign-in attacked');
    },
    accountTokenSecret: config.ACCOUNT_TOKEN_SECRET,
    mailLimit: openMailLimit({
      redis,
      keyPrefix,
      perMailbox: config.ACCOUNT_MAILS_PER_MAILBOX,
      perAddress: config.ACCOUNT_MAILS_PER_ADDRESS,
      logger,
    }),
  };
}
