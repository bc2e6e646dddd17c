import { createTestDatabase, testKafkaBrokers, testRedis, testTopicPrefix } from '@homeroom/testing';
import type { ImageName } from '../assemble/images.ts';

const secret = 'only-for-this-check';

/**
 * The environment of an image's programs: running engines, and an empty database of its own.
 * @param ports `health` answers `/health/ready`; `other` is for what else a program listens on.
 */
export async function createWorld(image: ImageName, ports: { health: number; other: number }) {
  const database = await createTestDatabase({ migrations: [] });
  const redis = await testRedis();
  const env = {
    HOST: '127.0.0.1',
    PORT: String(ports.other),
    OPS_PORT: String(ports.health),
    DATABASE_URL: database.url,
    DATABASE_REPLICA_URLS: database.replicaUrl,
    DATABASE_MIGRATION_URL: database.url,
    REDIS_SESSIONS_URL: redis.sessionsUrl,
    REDIS_CACHE_URL: redis.cacheUrl,
    KAFKA_BROKERS: testKafkaBrokers().join(','),
    TOPIC_PREFIX: testTopicPrefix(),
    CURSOR_SECRET: secret,
    ACCOUNT_TOKEN_SECRET: secret,
  };
  const own: Record<ImageName, Record<string, string>> = {
    families: {},
    enrollment: { PAYMENT_URL: 'http://127.0.0.1:1', PAYMENT_WEBHOOK_SECRET: secret, TIME_ZONE: 'America/Chicago' },
    notifications: {
      SMTP_URL: 'smtp://127.0.0.1:1',
      MAIL_FROM: 'hello@co-op.example',
      TIME_ZONE: 'America/Chicago',
      COOP_NAME: 'Co-op',
    },
    sandbox: {
      PORT: String(ports.health),
      SMTP_PORT: String(ports.other),
      WEBHOOK_URL: 'http://127.0.0.1:1/',
      WEBHOOK_SECRET: secret,
      DATA_FILE: '/data/sandbox.jsonl',
    },
  };
  return { env: { ...env, ...own[image] }, database };
}
