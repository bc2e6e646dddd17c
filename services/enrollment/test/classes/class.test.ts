import { describe, expect, test } from '@jest/globals';
import { ageOn, findMistakes, overlaps, sameDetails } from '../../src/classes/class.ts';
import { pottery } from '../harness.ts';

describe('ageOn', () => {
  test.each([
    ['2018-06-01', '2027-05-31', 8],
    ['2018-06-01', '2027-06-01', 9],
    ['2018-06-01', '2027-06-02', 9],
    ['2020-02-29', '2027-02-28', 6],
    ['2020-02-29', '2027-03-01', 7],
    ['2020-02-29', '2028-02-29', 8],
    ['2027-01-12', '2027-01-12', 0],
  ])('born on %s, on %s one is %i', (birth, day, age) => {
    expect(ageOn(birth, day)).toBe(age);
  });
});

describe('overlaps', () => {
  const cases: [string, object, boolean][] = [
    ['the same hours', {}, true],
    ['another weekday', { weekday: 'friday' }, false],
    ['one that begins when the other ends', { startTime: '11:30', endTime: '12:30' }, false],
    ['one that ends when the other begins', { startTime: '09:00', endTime: '10:00' }, false],
    ['one minute in common', { startTime: '11:29', endTime: '12:30' }, true],
    ['one inside the other', { startTime: '10:15', endTime: '10:30' }, true],
    ['the term after', { firstDay: '2027-05-19', lastDay: '2027-07-01' }, false],
    ['a term that begins on the other’s last day', { firstDay: '2027-05-18', lastDay: '2027-07-01' }, true],
  ];
  test.each(cases)('%s', (_, change, expected) => {
    const other = { ...pottery, ...change };
    expect([overlaps(pottery, other), overlaps(other, pottery)]).toEqual([expected, expected]);
  });
});

test('findMistakes names every field that contradicts another', () => {
  expect(findMistakes(pottery)).toEqual([]);
  const wrong = { ...pottery, endTime: '10:00', lastDay: '2027-01-11', ageMax: 6 };
  expect(findMistakes(wrong).map(({ field }) => field)).toEqual(['endTime', 'lastDay', 'ageMax']);
});

test.each([
  ['wednesday', '2027-01-12', '2027-01-18', true],
  ['monday', '2027-01-12', '2027-01-17', false],
  ['monday', '2027-01-12', '2027-01-18', true],
  ['tuesday', '2027-01-12', '2027-01-12', true],
  ['sunday', '2027-01-12', '2027-01-16', false],
  ['sunday', '2027-01-12', '2027-01-17', true],
] as const)('D4: a class on %s from %s to %s has a meeting: %s', (weekday, firstDay, lastDay, meets) => {
  expect(findMistakes({ ...pottery, weekday, firstDay, lastDay }).map(({ field }) => field)).toEqual(
    meets ? [] : ['weekday'],
  );
});

test('sameDetails compares every detail', () => {
  expect(sameDetails(pottery, { ...pottery })).toBe(true);
  for (const field of Object.keys(pottery)) expect(sameDetails(pottery, { ...pottery, [field]: 'else' })).toBe(false);
});
