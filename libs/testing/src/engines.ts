import { randomBytes } from 'node:crypto';

/**
 * The address of an engine that `npm test` started.
 * @throws {Error} when it is not set: there is no fake to fall back to.
 */
export function engineUrl(
  name:
    | 'TEST_POSTGRES_URL'
    | 'TEST_POSTGRES_REPLICA_URL'
    | 'TEST_REDIS_SESSIONS_URL'
    | 'TEST_REDIS_CACHE_URL'
    | 'TEST_KAFKA_BROKERS',
): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: run this test with \`npm test -- <path>\`.`);
  return value;
}

const unique = (): string => randomBytes(5).toString('hex');

/** A prefix for topics and groups that no other test file has, `t-9f86d08188.`. */
export const testTopicPrefix = (): string => `t-${unique()}.`;

/** Both Redis instances, and a prefix for keys that no other test file has. */
export async function testRedis(): Promise<{ sessionsUrl: string; cacheUrl: string; keyPrefix: string }> {
  return {
    sessionsUrl: engineUrl('TEST_REDIS_SESSIONS_URL'),
    cacheUrl: engineUrl('TEST_REDIS_CACHE_URL'),
    keyPrefix: `t-${unique()}:`,
  };
}

/** The brokers of the test engine, as clients want them. */
export const testKafkaBrokers = (): string[] => engineUrl('TEST_KAFKA_BROKERS').split(',');
