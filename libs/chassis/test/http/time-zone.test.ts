import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, isTimeZone, loadConfig, timeZone } from '@homeroom/chassis';

const complaint = (name: string): string | undefined => timeZone.safeParse(name).error?.issues[0]?.message;

describe('D3: a time zone is an IANA name in its canonical case', () => {
  test.each([
    'America/Chicago',
    'America/Argentina/Buenos_Aires',
    'Asia/Kolkata',
    'Asia/Calcutta',
    'Europe/Kyiv',
    'Etc/UTC',
    'US/Central',
    'UTC',
  ])('%s is one', (name) => {
    expect(timeZone.parse(name)).toBe(name);
    expect(isTimeZone(name)).toBe(true);
  });

  test.each(['CST', 'EST5EDT', 'GMT', 'Z', '+05:30', '+0530', 'Mars/Olympus', 'SystemV/PST8', '', ' '])(
    '“%s” is not, although Intl may take it',
    (name) => {
      expect(isTimeZone(name)).toBe(false);
      expect(complaint(name)).toBe(`Unknown time zone "${name}". Use an IANA name such as America/Chicago.`);
    },
  );

  test.each([
    ['america/chicago', 'America/Chicago'],
    ['ASIA/HO_CHI_MINH', 'Asia/Ho_Chi_Minh'],
    [' Europe/Lisbon', 'Europe/Lisbon'],
    ['utc', 'UTC'],
  ])('“%s” is refused with the name that is meant', (name, meant) => {
    expect(complaint(name)).toBe(`Unknown time zone "${name}". Use ${meant}.`);
  });

  test('is checked in a configuration too', () => {
    const schema = z.object({ TIME_ZONE: timeZone.default('UTC') });
    expect(loadConfig(schema, {})).toEqual({ TIME_ZONE: 'UTC' });
    expect(() => loadConfig(schema, { TIME_ZONE: 'CST' })).toThrow(ConfigError);
  });

  test('every accepted name is one that Intl can compute with', () => {
    const names = Intl.supportedValuesOf('timeZone').filter(isTimeZone);
    expect(names.length).toBeGreaterThan(400);
    for (const name of [...names, 'Etc/GMT+5', 'US/Indiana-Starke', 'Pacific/Kanton']) {
      expect(isTimeZone(name)).toBe(true);
      expect(() => new Intl.DateTimeFormat('en', { timeZone: name })).not.toThrow();
    }
  });
});
