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

  test.each([
    ['CST', 'America/Chicago, America/Mexico_City, Asia/Shanghai'],
    ['EST5EDT', 'America/New_York, America/Toronto'],
    ['SystemV/PST8', 'America/Los_Angeles, America/Tijuana'],
    ['bst', 'Europe/London'],
    ['GMT', 'Europe/London, Africa/Accra'],
    ['Z', 'UTC'],
    ['+05:30', 'Asia/Kolkata'],
    ['+0530', 'Asia/Kolkata'],
    ['+02:00', 'Africa/Maputo, Europe/Paris, Europe/Berlin'],
    ['GMT+9', 'Asia/Tokyo, Asia/Seoul'],
    ['Chicago', 'America/Chicago'],
    ['new york', 'America/New_York'],
    ['Asia/Tokio', 'Asia/Tokyo'],
    ['America/Chcago', 'America/Chicago'],
    ['+13:45', 'America/Chicago'],
    ['Mars/Olympus', 'America/Chicago'],
    ['', 'America/Chicago'],
    [' ', 'America/Chicago'],
  ])('“%s” is not, although Intl may take it, and the nearest names are given', (name, meant) => {
    expect(isTimeZone(name)).toBe(false);
    expect(complaint(name)).toBe(`Unknown time zone "${name}". Use an IANA name such as ${meant}.`);
  });

  test('a name without end is cut, and not compared', () => {
    const long = 'x'.repeat(10_000);
    expect(timeZone.safeParse(long).error?.issues.map(({ message }) => message.length < 200)).toEqual([true, true]);
  });

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
