import { commaList, processConfig, wholeNumber } from '@homeroom/chassis';
import { z } from 'zod';
import { timeZone } from './classes/schemas.ts';

const url = (protocol: RegExp): z.ZodURL => z.url({ protocol, message: 'must be a URL' });

const database = {
  /** As the role that reads and writes but owns nothing. */
  DATABASE_URL: url(/^postgres(ql)?$/),
  DATABASE_REPLICA_URLS: commaList.default([]),
  DATABASE_POOL_SIZE: wholeNumber(1).default(5),
  DATABASE_REPLICA_POOL_SIZE: wholeNumber(1).default(5),
  /** Connections that all processes together may open; 0 when it is not known. */
  DATABASE_CONNECTIONS_PLANNED: wholeNumber().default(0),
};

const cache = {
  REDIS_CACHE_URL: url(/^rediss?$/),
  /** How long a process may show seats that it was not told have gone. */
  CLASS_L1_TTL_MS: wholeNumber(1).max(5_000).default(1_000),
  CLASS_L2_TTL_SECONDS: wholeNumber(1).default(5),
};

export const apiConfig = processConfig.extend({
  ...database,
  ...cache,
  REDIS_SESSIONS_URL: url(/^rediss?$/),
  CURSOR_SECRET: z.string().min(16, 'must have at least 16 characters'),
  PAYMENT_WEBHOOK_SECRET: z.string().min(16, 'must have at least 16 characters'),
  /** The co-op's own, for classes that do not name another. */
  TIME_ZONE: timeZone.default('UTC'),
});
export type ApiConfig = Readonly<z.infer<typeof apiConfig>>;

export const workerConfig = processConfig
  .extend({
    ...database,
    ...cache,
    KAFKA_BROKERS: commaList,
    /** Put before every topic, so that several checkouts can share a broker. */
    TOPIC_PREFIX: z.string().default(''),
    PAYMENT_URL: url(/^https?$/),
    PAYMENT_TIMEOUT_MS: wholeNumber(1).default(2_000),
    /** How long an open breaker keeps away from the provider. */
    PAYMENT_BREAKER_OPEN_MS: wholeNumber(1).default(2_000),
    /** Calls to the provider at once. */
    PAYMENT_CONCURRENCY: wholeNumber(1).default(8),
    /** How long a charge belongs to the worker that took it up. */
    PAYMENT_LEASE_MS: wholeNumber(1).default(30_000),
    PAYMENT_POLL_MS: wholeNumber(1).default(200),
  })
  .refine(
    (config) => config.PAYMENT_LEASE_MS > 2 * config.PAYMENT_TIMEOUT_MS,
    'PAYMENT_LEASE_MS must be more than twice PAYMENT_TIMEOUT_MS: a worker asks and then charges within one lease',
  );
export type WorkerConfig = Readonly<z.infer<typeof workerConfig>>;

export const commandConfig = z.object({
  DATABASE_URL: database.DATABASE_URL,
  TIME_ZONE: timeZone.default('UTC'),
});
export const migrationConfig = z.object({ DATABASE_MIGRATION_URL: database.DATABASE_URL });
