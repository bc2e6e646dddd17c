import { describe, expect, test } from '@jest/globals';
import { examples } from '@homeroom/contracts';
import { classEntry, orientationEntry } from '../../src/calendars/calendar.ts';
import { formatOf } from '../../src/wording/format.ts';

const pottery = examples['homeroom.class.opened.v1'];

describe('the orientation', () => {
  test('is on the first Saturday at least three days after the registration, as the co-op’s calendar counts days', () => {
    const at = (registeredAt: string): string =>
      orientationEntry(
        { familyId: 'f', registeredAt: new Date(registeredAt) },
        { name: 'Willow', timeZone: 'America/Chicago' },
      ).firstDay;
    expect(at('2026-09-02T12:00:00Z')).toBe('2026-09-05');
    expect(at('2026-09-03T12:00:00Z')).toBe('2026-09-12');
    // still Wednesday in Chicago
    expect(at('2026-09-03T03:00:00Z')).toBe('2026-09-05');
  });
});

test('a class in no known time zone has no entry', () => {
  const seat = { uid: 'u@homeroom', sequence: 1, status: 'confirmed', childName: 'Maya' } as const;
  expect(() => classEntry(seat, { ...pottery, timeZone: 'Mars/Olympus' }, formatOf('en-US'))).toThrow(
    'is not a time zone',
  );
});
