import { createTestDatabase, testKafkaBrokers, testRedis, testTopicPrefix, type TestDatabase } from '@homeroom/testing';
import type { ImageName } from '../assemble/images.ts';

/** What a service is told about running engines, with an empty database of its own. */
export interface World {
  env: Record<string, string>;
  database: TestDatabase;
}

export async function createWorld(
  image: Exclude<ImageName, 'sandbox'>,
  ports: { http: number; ops: number },
): Promise<World> {
  const database = await createTestDatabase({ migrations: [] });
  const redis = await testRedis();
  const env = {
    ...sandboxEnv(ports),
    OPS_PORT: String(ports.ops),
    DATABASE_URL: database.url,
    DATABASE_REPLICA_URLS: database.replicaUrl,
    DATABASE_MIGRATION_URL: database.url,
    REDIS_SESSIONS_URL: redis.sessionsUrl,
    REDIS_CACHE_URL: redis.cacheUrl,
    KAFKA_BROKERS: testKafkaBrokers().join(','),
    TOPIC_PREFIX: testTopicPrefix(),
    CURSOR_SECRET: 'only-for-this-check',
    ACCOUNT_TOKEN_SECRET: 'only-for-this-check',
    ...ofService[image],
  };
  return { env, database };
}

/** What the programs of the sandbox read. */
export function sandboxEnv(ports: { http: number; ops: number }): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    PORT: String(ports.http),
    SMTP_PORT: String(ports.ops),
    WEBHOOK_URL: 'http://127.0.0.1:1/',
    WEBHOOK_SECRET: 'only-for-this-check',
    DATA_FILE: '/data/sandbox.jsonl',
  };
}

const ofService: Record<Exclude<ImageName, 'sandbox'>, Record<string, string>> = {
  families: {},
  enrollment: {
    PAYMENT_URL: 'http://127.0.0.1:1',
    PAYMENT_WEBHOOK_SECRET: 'only-for-this-check',
    TIME_ZONE: 'America/Chicago',
  },
  notifications: {
    SMTP_URL: 'smtp://127.0.0.1:1',
    MAIL_FROM: 'hello@co-op.example',
    TIME_ZONE: 'America/Chicago',
    COOP_NAME: 'Co-op',
  },
};
