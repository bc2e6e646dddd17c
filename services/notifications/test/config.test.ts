import { describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig } from '@homeroom/chassis';
import { workerConfig } from '../src/config.ts';

const worker = {
  DATABASE_URL: 'postgres://a@b/c',
  REDIS_CACHE_URL: 'redis://a',
  KAFKA_BROKERS: 'a:1,b:2',
  SMTP_URL: 'smtp://a:25',
  MAIL_FROM: 'Willow Creek <hello@willow.example>',
  ACCOUNT_TOKEN_SECRET: 'a secret for tests only',
};
const mistakes = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(workerConfig, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
};

describe('the configuration', () => {
  test('of a worker: a sender with and without a name', () => {
    expect(loadConfig(workerConfig, worker).MAIL_FROM).toBe('hello@willow.example');
    expect(loadConfig(workerConfig, { ...worker, MAIL_FROM: 'a@b.example' }).MAIL_FROM).toBe('a@b.example');
  });

  test('names every mistake at once', () => {
    const found = mistakes({
      ...worker,
      SMTP_URL: 'http://a',
      MAIL_FROM: 'nobody',
      KAFKA_BROKERS: '',
    });
    expect(found.map((line) => line.split(':')[0])).toEqual(['KAFKA_BROKERS', 'SMTP_URL', 'MAIL_FROM']);
  });

  test('refuses a lease that a slow mail server could outlive', () => {
    expect(mistakes({ ...worker, MAIL_LEASE_MS: '8000' })).toEqual([expect.stringContaining('twice SMTP_TIMEOUT_MS')]);
  });
});
