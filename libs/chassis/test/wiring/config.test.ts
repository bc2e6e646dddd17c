import { ConfigError, loadConfig, processConfig } from '@homeroom/chassis';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';

const mistakesOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(processConfig.extend({ DATABASE_URL: z.url() }), env);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
};

describe('the configuration', () => {
  test('has a default for everything that a laptop needs, and is frozen', () => {
    const config = loadConfig(processConfig, {});
    expect(config).toMatchObject({ HOST: '127.0.0.1', RATE_LIMIT_PER_MINUTE: 100, TRUSTED_PROXIES: [] });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('reports every mistake at once, each with the name of its variable', () => {
    const mistakes = mistakesOf({
      PORT: '99999',
      LOG_LEVEL: 'loud',
      TRUSTED_PROXIES: '10.0.0.0/8, 10.0.0.0/33, gateway',
      PUBLIC_ORIGIN: 'ftp://homeroom.example',
    });
    expect(mistakes).toHaveLength(6);
    expect(mistakes.map((mistake) => mistake.split(':', 1)[0]).sort()).toEqual([
      'DATABASE_URL',
      'LOG_LEVEL',
      'PORT',
      'PUBLIC_ORIGIN',
      'TRUSTED_PROXIES',
      'TRUSTED_PROXIES',
    ]);
    expect(mistakes.join()).toContain('“10.0.0.0/33” is not an address or a CIDR range');
    expect(mistakes.join()).toContain('DATABASE_URL: is missing');
  });

  test('takes an empty variable as an absent one', () => {
    expect(mistakesOf({ DATABASE_URL: '', PORT: '' })).toEqual([expect.stringContaining('DATABASE_URL: is missing')]);
  });

  test('refuses a number that is only partly one', () => {
    expect(mistakesOf({ DATABASE_URL: 'postgres://x', PORT: '80a' })).toHaveLength(1);
  });

  test('cuts an origin down to what browsers send', () => {
    expect(loadConfig(processConfig, { PUBLIC_ORIGIN: 'https://homeroom.example:443/app/' }).PUBLIC_ORIGIN).toBe(
      'https://homeroom.example',
    );
  });
});
