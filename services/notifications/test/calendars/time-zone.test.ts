import { describe, expect, test } from '@jest/globals';
import { IANAZone } from 'luxon';
import { calendarZone, renderTimeZone } from '../../src/calendars/time-zone.ts';

describe('time zones', () => {
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
    expect(IANAZone.create(shown).offset(summer)).toBe(IANAZone.create(given).offset(summer));
  });

  test.each([
    ['America/Chicago', '-0600'],
    ['Asia/Kathmandu', '+0545'],
    ['UTC', '+0000'],
  ])('the offset of %s in January is %s', (timeZone, offset) => {
    expect(renderTimeZone(timeZone, 2026, 2026)).toContain(`TZOFFSETTO:${offset}\r\nEND:STANDARD`);
  });

  test.each(['Mars/Olympus', ''])('“%s” is no zone', (name) => {
    expect(() => calendarZone(name)).toThrow(RangeError);
  });
});
