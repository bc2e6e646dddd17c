import { loadConfig } from '@homeroom/chassis';
import { expect, test } from '@jest/globals';
import { workerConfig } from '../src/config.ts';

const env = {
  DATABASE_URL: 'postgres://127.0.0.1/enrollment',
  REDIS_CACHE_URL: 'redis://127.0.0.1',
  KAFKA_BROKERS: '127.0.0.1:9092',
  PAYMENT_URL: 'http://127.0.0.1:8090',
};

test('a lease that may expire before its calls end is refused', () => {
  expect(loadConfig(workerConfig, env).PAYMENT_LEASE_MS).toBe(30_000);
  expect(() => loadConfig(workerConfig, { ...env, PAYMENT_TIMEOUT_MS: '15000' })).toThrow(
    'PAYMENT_LEASE_MS must be more than twice PAYMENT_TIMEOUT_MS',
  );
});
