import { describe, expect, test } from '@jest/globals';
import { examples, type ClassSnapshot } from '@homeroom/contracts';
import { formatFamily, formatOf } from '../../src/wording/format.ts';

const format = formatOf('en-US');
const pottery: ClassSnapshot = examples['homeroom.class.opened.v1'];

describe('D14: people read', () => {
  test.each<[Partial<ClassSnapshot>, string]>([
    [
      { weekday: 'monday', startTime: '09:00', endTime: '10:00', firstDay: '2027-01-11', lastDay: '2027-05-17' },
      'Mondays, 9:00–10:00 AM, January 11 – May 17, 2027',
    ],
    [{}, 'Tuesdays, 10:00–11:30 AM, September 8 – December 15, 2026'],
    [{ lastDay: '2027-05-18' }, 'Tuesdays, 10:00–11:30 AM, September 8, 2026 – May 18, 2027'],
    [{ lastDay: '2026-09-29' }, 'Tuesdays, 10:00–11:30 AM, September 8 – 29, 2026'],
    [{ lastDay: '2026-09-08' }, 'Tuesday, September 8, 2026, 10:00–11:30 AM'],
  ])('the schedule of a class with %j as %p', (changes, expected) => {
    expect(format.schedule({ ...pottery, ...changes })).toBe(expected);
  });

  test.each([
    ['09:00', '10:00', '9:00–10:00 AM'],
    ['11:00', '13:00', '11:00 AM – 1:00 PM'],
    ['13:05', '14:30', '1:05–2:30 PM'],
    ['00:00', '12:00', '12:00 AM – 12:00 PM'],
    ['23:00', '00:30', '11:00 PM – 12:30 AM'],
  ])('%s to %s as %p', (start, end, expected) => {
    expect(format.times(start, end)).toBe(expected);
  });

  test.each([
    [14_500, 'USD', '$145.00'],
    [5, 'USD', '$0.05'],
    [123_456_789, 'USD', '$1,234,567.89'],
    [1_500, 'JPY', '¥1,500'],
    [14_500, 'EUR', '€145.00'],
    [1_500, 'BHD', 'BHD 1.500'],
    [1_234_550, 'HUF', 'HUF 12,345.50'],
    [14_500, 'U$1', 'U$1 145.00'],
  ])('%d of %s as %p', (amount, currency, expected) => {
    expect(format.money(amount, currency)).toBe(expected);
  });

  test.each([
    ['Sec', 'Sec family'],
    ['Sec Family', 'Sec family'],
    ['Sec family', 'Sec family'],
    ['The Sec Family', 'Sec family'],
    ['Familyson', 'Familyson family'],
    ['Family', 'family'],
    ['Okafor-Lind\r\nBcc: x', 'Okafor-Lind Bcc: x family'],
  ])('the family %p as %p', (name, expected) => {
    expect(formatFamily(name)).toBe(expected);
  });

  test('days and instants by the clocks of the class', () => {
    expect(format.day('2027-01-09')).toBe('Saturday, January 9, 2027');
    expect(format.instant('2026-11-23T08:00:00.000Z', 'America/Chicago')).toBe('November 23, 2026 at 2:00 AM CST');
    expect(format.instant('2026-11-23T08:00:00.000Z', 'Asia/Kolkata')).toBe('November 23, 2026 at 1:30 PM GMT+5:30');
  });

  test.each([
    ['en-GB', 'Saturday, 9 January 2027', '10:00–11:30', 'US$145.00'],
    ['en-CA', 'Saturday, January 9, 2027', '10:00–11:30 a.m.', 'US$145.00'],
    // of another language the region: the words around it are English
    ['de-DE', 'Saturday, 9 January 2027', '10:00–11:30', 'US$145.00'],
    ['fr', 'Saturday, 9 January 2027', '10:00–11:30', 'US$145.00'],
  ])('in the locale %s, %p, %p, and %p', (locale, day, times, money) => {
    const local = formatOf(locale);
    const written = [local.day('2027-01-09'), local.times('10:00', '11:30'), local.money(14_500, 'USD')];
    expect(written).toEqual([day, times, money]);
  });
});
