import { describe, expect, test } from '@jest/globals';
import { calendarZone, instantOf, offsetSeconds, renderTimeZone } from '../../src/calendars/time-zone.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

describe('time zones', () => {
  test('the offset follows the zone’s own clock changes', () => {
    expect(offsetSeconds('America/Chicago', Date.UTC(2026, 0, 15))).toBe(-6 * 3_600);
    expect(offsetSeconds('America/Chicago', Date.UTC(2026, 6, 15))).toBe(-5 * 3_600);
    expect(offsetSeconds('Asia/Kathmandu', Date.UTC(2026, 6, 15))).toBe(5 * 3_600 + 45 * 60);
    expect(offsetSeconds('UTC', 0)).toBe(0);
  });

  test('a wall clock becomes the right instant on both sides of a change', () => {
    expect(iso(instantOf('America/Chicago', '2026-03-07', '10:00'))).toBe('2026-03-07T16:00:00.000Z');
    expect(iso(instantOf('America/Chicago', '2026-03-08', '10:00'))).toBe('2026-03-08T15:00:00.000Z');
    expect(iso(instantOf('Pacific/Auckland', '2026-09-27', '09:00'))).toBe('2026-09-26T20:00:00.000Z');
  });

  test('a wall clock in the gap of a spring night is an hour later, not an error', () => {
    expect(iso(instantOf('America/Chicago', '2026-03-08', '02:30'))).toBe('2026-03-08T08:30:00.000Z');
  });

  test('a VTIMEZONE names every change of its years to the minute', () => {
    const text = renderTimeZone('America/Chicago', 2026, 2026);
    expect(text).toContain('BEGIN:DAYLIGHT\r\nDTSTART:20260308T020000\r\nTZOFFSETFROM:-0600\r\nTZOFFSETTO:-0500\r\n');
    expect(text).toContain('BEGIN:STANDARD\r\nDTSTART:20261101T020000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0600\r\n');
  });

  test('a zone without changes has one observance', () => {
    expect(renderTimeZone('Asia/Kolkata', 2026, 2030).match(/BEGIN:STANDARD/g)).toHaveLength(1);
    expect(renderTimeZone('Asia/Kolkata', 2026, 2030)).not.toContain('DAYLIGHT');
  });

  test.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['UTC', 'UTC'],
    ['+05:30', '+0530'],
    ['-08:00', '-0800'],
    ['CST', 'America/Chicago'],
    ['america/chicago', 'America/Chicago'],
  ])('D3: a class of old data in %s is shown in %s', (given, shown) => {
    expect(calendarZone(given)).toBe(shown);
    const summer = Date.UTC(2026, 6, 15);
    expect(offsetSeconds(shown, summer)).toBe(offsetSeconds(given, summer));
  });

  test.each(['Mars/Olympus', ''])('“%s” is no zone', (name) => {
    expect(() => calendarZone(name)).toThrow(RangeError);
  });
});
