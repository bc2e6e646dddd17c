import { testKafkaBrokers } from './engines.ts';
import type { ServiceEngines } from './service-engines.ts';

/** What every process of a service reads: where its engines are, a free port, a JSON log. */
export const serviceEnvironment = ({
  testDatabase,
  sessionsUrl,
  cacheUrl,
}: Pick<ServiceEngines, 'testDatabase' | 'sessionsUrl' | 'cacheUrl'>): Record<string, string> => ({
  DATABASE_URL: testDatabase.url,
  DATABASE_REPLICA_URLS: testDatabase.replicaUrl,
  REDIS_SESSIONS_URL: sessionsUrl,
  REDIS_CACHE_URL: cacheUrl,
  KAFKA_BROKERS: testKafkaBrokers().join(','),
  CURSOR_SECRET: 'a secret for tests only',
  PORT: '0',
  LOG_FORMAT: 'json',
  // a database that is busy with other tests may not answer at once
  SCHEMA_WAIT_MS: '30000',
  // what is waited for is asked for again and again
  RATE_LIMIT_PER_MINUTE: '0',
});
