import { describe, expect, test } from '@jest/globals';
import { centsCell, dateCell, timeCell, weekdayCell, wholeCell } from '../src/index.ts';

const read = (schema: typeof timeCell | typeof centsCell | typeof weekdayCell, text: string): unknown => {
  const parsed = schema.safeParse(text);
  return parsed.success ? parsed.data : parsed.error.issues[0]?.message;
};

describe('D12: cells as people write them', () => {
  test.each([
    ['2026-09-08', '2026-09-08'],
    ['2026/9/8', '2026-09-08'],
    ['9/8/2026', '2026-09-08'],
    ['09/08/2026', '2026-09-08'],
    ['2/29/2028', '2028-02-29'],
    ['09/08/26', 'Unknown date "09/08/26". Write the year with four digits, such as 2026-09-08.'],
    ['13/02/2026', 'Unknown date "13/02/2026". Use a real day such as 2026-09-08 or 9/8/2026.'],
    ['2026-02-30', 'Unknown date "2026-02-30". Use a real day such as 2026-09-08 or 9/8/2026.'],
    ['2/29/2027', 'Unknown date "2/29/2027". Use a real day such as 2026-09-08 or 9/8/2026.'],
    ['soon', 'Unknown date "soon". Use a real day such as 2026-09-08 or 9/8/2026.'],
  ])('the date %s', (text, expected) => {
    expect(read(dateCell, text)).toBe(expected);
  });

  test.each([
    ['9:00', '09:00'],
    ['09:30', '09:30'],
    ['14:30:00', '14:30'],
    ['9am', '09:00'],
    ['9:00 AM', '09:00'],
    ['9:15 p.m.', '21:15'],
    ['12am', '00:00'],
    ['12 PM', '12:00'],
  ])('the time %s', (text, expected) => {
    expect(read(timeCell, text)).toBe(expected);
  });

  test.each(['24:00', '9:60', '13pm', '0 am', '9', '9m', '9:00m', 'noon', ''])('no time: %s', (text) => {
    expect(read(timeCell, text)).toBe(`Unknown time "${text}". Use a time such as 14:30 or 2:30 PM.`);
  });

  test.each([
    ['145', 14_500],
    ['145.00', 14_500],
    ['$145.10', 14_510],
    ['$ 1,450.00', 145_000],
    ['1,450', 145_000],
    ['145,00', 14_500],
    ['1.450,00', 145_000],
    ['0', 0],
  ])('the amount %s', (text, expected) => {
    expect(read(centsCell, text)).toBe(expected);
  });

  test.each(['-5.00', '1.450', '145.0', '€145', '1,45,000', '14 500', 'free', '12345678'])('no amount: %s', (text) => {
    expect(read(centsCell, text)).toBe(`Unknown amount "${text}". Use an amount such as 145.00.`);
  });

  test.each([
    ['Mon', 'monday'],
    ['MONDAY', 'monday'],
    ['Mondays', 'monday'],
    ['tues.', 'tuesday'],
    ['Weds', 'wednesday'],
    ['Thurs', 'thursday'],
    ['sun', 'sunday'],
  ])('the weekday %s', (text, expected) => {
    expect(read(weekdayCell, text)).toBe(expected);
  });

  test.each(['lundi', 'm', 'mo', 'mondy', 'someday'])('no weekday: %s', (text) => {
    expect(read(weekdayCell, text)).toBe(`Unknown weekday "${text}". Use a weekday such as Monday.`);
  });

  test('a whole number', () => {
    expect(wholeCell.parse(' 12')).toBe(12);
    expect(wholeCell.safeParse('12.5').success).toBe(false);
  });
});
