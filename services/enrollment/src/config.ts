import {
  commandConfig as anyCommandConfig,
  databaseConfig,
  kafkaConfig,
  processConfig,
  secret,
  timeZone,
  url,
  wholeNumber,
} from '@homeroom/chassis';
import type { z } from 'zod';

export const migrations = new URL('../migrations/', import.meta.url);

const cache = {
  REDIS_CACHE_URL: url(/^rediss?$/),
  /** How long a process may show a stale number of seats when an invalidation is lost. */
  CLASS_L1_TTL_MS: wholeNumber(1).max(5_000).default(1_000),
  CLASS_L2_TTL_SECONDS: wholeNumber(1).default(5),
};

const cacheConfig = processConfig.extend(cache);
export type CacheConfig = Readonly<z.infer<typeof cacheConfig>>;

/** Holds with a deadline, of API and worker. */
const terms = {
  /** How long a seat is offered to a family whose child has another class at that hour. */
  ENROLL_OFFER_HOURS: wholeNumber(1).default(48),
  /** How long a seat is held after its charge was declined; 0 cancels it at once. */
  PAYMENT_GRACE_HOURS: wholeNumber().default(48),
};

export const apiConfig = processConfig
  .extend({
    ...databaseConfig,
    ...cache,
    ...terms,
    /** How long an enrollment waits for a child whose family's event has not arrived; 0 refuses at once. */
    ENROLL_WAIT_FOR_FAMILY_MS: wholeNumber().max(10_000).default(2_000),
    REDIS_SESSIONS_URL: url(/^rediss?$/),
    CURSOR_SECRET: secret,
    PAYMENT_WEBHOOK_SECRET: secret,
    /** Of classes that name none. */
    TIME_ZONE: timeZone.default('UTC'),
  })
  .refine(
    (config) => config.ENROLL_WAIT_FOR_FAMILY_MS < config.REQUEST_TIMEOUT_MS,
    'ENROLL_WAIT_FOR_FAMILY_MS must be less than REQUEST_TIMEOUT_MS: a request waits within its time limit',
  );
export type ApiConfig = Readonly<z.infer<typeof apiConfig>>;

export const workerConfig = processConfig
  .extend({
    ...databaseConfig,
    ...cache,
    ...terms,
    ...kafkaConfig,
    PAYMENT_URL: url(/^https?$/),
    PAYMENT_TIMEOUT_MS: wholeNumber(1).default(2_000),
    /** How long the breaker stays open before it probes the provider. */
    PAYMENT_BREAKER_OPEN_MS: wholeNumber(1).default(2_000),
    /** Concurrent calls to the provider. */
    PAYMENT_CONCURRENCY: wholeNumber(1).default(8),
    /** How long a charge belongs to the worker that claimed it. */
    PAYMENT_LEASE_MS: wholeNumber(1).default(30_000),
    PAYMENT_POLL_MS: wholeNumber(1).default(200),
    /** How long a charge may be without an answer before the family is notified. */
    PAYMENT_DELAY_NOTICE_MS: wholeNumber(1).default(120_000),
    /** How often to look for offers that have expired and charges that take long. */
    DEADLINES_POLL_MS: wholeNumber(1).default(1_000),
    /** Of classes that a timetable gives none. */
    TIME_ZONE: timeZone.default('UTC'),
    /** How long an import belongs to the worker that claimed it, unless it is renewed. */
    IMPORT_LEASE_MS: wholeNumber(1).default(30_000),
    IMPORT_POLL_MS: wholeNumber(1).default(500),
  })
  .refine(
    (config) => config.PAYMENT_LEASE_MS > 2 * config.PAYMENT_TIMEOUT_MS,
    'PAYMENT_LEASE_MS must be more than twice PAYMENT_TIMEOUT_MS: a worker asks and then charges within one lease',
  );

export const commandConfig = anyCommandConfig.extend({ TIME_ZONE: timeZone.default('UTC'), ...terms });
