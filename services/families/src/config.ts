import { commaList, processConfig, wholeNumber } from '@homeroom/chassis';
import { z } from 'zod';

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

export const apiConfig = processConfig.extend({
  ...database,
  REDIS_SESSIONS_URL: url(/^rediss?$/),
  CURSOR_SECRET: z.string().min(16, 'must have at least 16 characters'),
  /** Passwords hashed at once: each takes a core for about 13 ms and 19 MiB. */
  PASSWORD_CONCURRENCY: wholeNumber(1).default(4),
  PASSWORD_QUEUE: wholeNumber().default(50),
  /** Failed sign-ins in 15 minutes, for one email from one address; 0 switches the limit off. */
  SIGN_IN_FAILURES_PER_ACCOUNT: wholeNumber().default(10),
  /** The same for one address, whatever the email. */
  SIGN_IN_FAILURES_PER_ADDRESS: wholeNumber().default(100),
});
export type ApiConfig = Readonly<z.infer<typeof apiConfig>>;

export const workerConfig = processConfig.extend({
  ...database,
  KAFKA_BROKERS: commaList,
  /** Put before every topic, so that several checkouts can share a broker. */
  TOPIC_PREFIX: z.string().default(''),
});
export type WorkerConfig = Readonly<z.infer<typeof workerConfig>>;

export const commandConfig = z.object({ DATABASE_URL: database.DATABASE_URL });
export const sessionsConfig = apiConfig.pick({ REDIS_SESSIONS_URL: true });
export const migrationConfig = z.object({ DATABASE_MIGRATION_URL: database.DATABASE_URL });
