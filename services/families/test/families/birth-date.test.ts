import { expect, test } from '@jest/globals';
import { birthDateMistake } from '../../src/families/birth-date.ts';

const now = new Date('2026-03-01T00:30:00Z');

test.each([
  ['2026-03-01', undefined],
  ['2026-03-02', 'must not be in the future'],
  ['2001-03-01', undefined],
  ['2001-02-28', 'must not be more than 25 years ago'],
])('%s: %s', (day, mistake) => expect(birthDateMistake(day, now)).toBe(mistake));

test('a leap day has its place', () => {
  const leapDay = new Date('2028-02-29T12:00:00Z');
  expect(birthDateMistake('2028-02-29', leapDay)).toBeUndefined();
  expect(birthDateMistake('2003-02-28', leapDay)).toBeDefined();
  expect(birthDateMistake('2003-03-01', leapDay)).toBeUndefined();
});
