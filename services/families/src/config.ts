import {
  databaseConfig,
  kafkaConfig,
  migrationConfig as anyMigrationConfig,
  processConfig,
  secret,
  timeZone,
  url,
  wholeNumber,
} from '@homeroom/chassis';
import type { z } from 'zod';
import { coopName, currency, locale, slug } from './coops/schemas.ts';

export const migrations = new URL('../migrations/', import.meta.url);

export const apiConfig = processConfig.extend({
  ...databaseConfig,
  REDIS_SESSIONS_URL: url(/^rediss?$/),
  CURSOR_SECRET: secret,
  /** Derives the single-use tokens of mails. The mailer of notifications has the same. */
  ACCOUNT_TOKEN_SECRET: secret,
  /** Mails of one kind that anyone can have sent to one mailbox in an hour; 0 switches the limit off. */
  ACCOUNT_MAILS_PER_MAILBOX: wholeNumber().default(3),
  /** The same from one client address, for all mailboxes and kinds. */
  ACCOUNT_MAILS_PER_ADDRESS: wholeNumber().default(60),
  /** Passwords hashed at once: each takes a core for about 13 ms and 19 MiB. */
  PASSWORD_CONCURRENCY: wholeNumber(1).default(4),
  PASSWORD_QUEUE: wholeNumber().default(50),
  /** Failed sign-ins in 15 minutes, for one email from one address; 0 switches the limit off. */
  SIGN_IN_FAILURES_PER_ACCOUNT: wholeNumber().default(10),
  /** The same for one address and all emails. */
  SIGN_IN_FAILURES_PER_ADDRESS: wholeNumber().default(100),
  /** Failed sign-ins in 15 minutes for one email from all addresses, after which attempts are slowed; 0 never slows. */
  SIGN_IN_SLOWDOWN_AFTER: wholeNumber().default(20),
  /** Seconds between the attempts that are admitted then. */
  SIGN_IN_SLOWDOWN_SECONDS: wholeNumber(1).default(30),
});
export type ApiConfig = Readonly<z.infer<typeof apiConfig>>;

export const workerConfig = processConfig.extend({
  ...databaseConfig,
  ...kafkaConfig,
  /** Opens the files that the API has sealed for import: the API's own. */
  ACCOUNT_TOKEN_SECRET: secret,
  /** How long an import belongs to the worker that claimed it, unless it is renewed. */
  IMPORT_LEASE_MS: wholeNumber(1).default(30_000),
  IMPORT_POLL_MS: wholeNumber(1).default(500),
});

export const sessionsConfig = apiConfig.pick({ REDIS_SESSIONS_URL: true });

/** With the settings of the first co-op, which count once: later ones are an operator's. */
export const migrationConfig = anyMigrationConfig.extend({
  COOP_SLUG: slug.default('homeroom'),
  COOP_NAME: coopName.default('Homeroom Co-op'),
  TIME_ZONE: timeZone.default('UTC'),
  COOP_CURRENCY: currency.default('USD'),
  COOP_LOCALE: locale.default('en-US'),
});
