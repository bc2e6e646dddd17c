import { foreignText, id, paragraphs, text } from '@homeroom/chassis';
import { describe, expect, test } from '@jest/globals';
import type { z } from 'zod';

const empty = 'must not be empty';
const unusable = 'contains a character that cannot be used: type it again instead of pasting it';
const oneLine = 'must be on one line';

const complaints = (schema: z.ZodType, given: string): string[] =>
  schema.safeParse(given).error?.issues.map(({ message }) => message) ?? [];

test('text is composed and trimmed before it is counted', () => {
  expect(text(4).parse('  Cafe\u0301 ')).toBe('Caf\u00e9');
});

describe('what is refused, and its accepted neighbor', () => {
  test.each([
    ['nothing', ' ', empty, 'a'],
    ['only what no one sees', '\u200b\u3164\ufeff', empty, '\u200ba'],
    ['too much', 'abcde', 'must be at most 4 characters', 'abcd'],
    ['half a character', 'a\ud800', unusable, 'a\ud800\udc00'],
    ['a NUL', 'a\0', unusable, 'a0'],
    ['a line feed', 'a\nb', oneLine, 'ab\n'],
    ['a carriage return', 'a\rb', oneLine, '\rab'],
    ['a next line', 'a\u0085b', oneLine, 'a\u00a0b'],
    ['a line separator', 'a\u2028b', oneLine, 'a\u2027b'],
    ['a paragraph separator', 'a\u2029b', oneLine, 'a\u202fb'],
    ['a tab', 'a\tb', unusable, 'a b'],
    ['an escape', 'a\u001b[m', unusable, 'a[m'],
    ['a delete', 'a\u007f', unusable, 'a~'],
    ['a C1 control', 'a\u009bm', unusable, 'a\u00a1m'],
  ])('%s', (_what, given, message, neighbor) => {
    expect(complaints(text(4), given)).toEqual([message]);
    expect(complaints(text(4), neighbor)).toEqual([]);
  });
});

test('a character that needs two UTF-16 units is one', () => {
  expect(text(2).parse('🦉🦉')).toBe('🦉🦉');
});

test('joiners of emoji and marks of writing direction are kept', () => {
  for (const name of ['👩‍👧', '\u202eabc', 'نیم\u200cفاصله']) expect(text(20).parse(name)).toBe(name);
});

describe('paragraphs', () => {
  test('have one kind of line break, and tabs', () => {
    expect(paragraphs(20).parse(' a\r\nb\rc\u2028d\u0085\te ')).toBe('a\nb\nc\nd\n\te');
  });

  test('may be empty where that is allowed', () => {
    expect(paragraphs(20, 0).parse(' ')).toBe('');
    expect(complaints(paragraphs(20), '\n')).toEqual([empty]);
  });

  test.each([
    ['an escape', 'a\u001bb', unusable],
    ['a vertical tab', 'a\vb', unusable],
    ['too much', 'abcde', 'must be at most 4 characters'],
  ])('%s is refused', (_what, given, message) => expect(complaints(paragraphs(4), given)).toEqual([message]));
});

test('foreign text is kept as it came, if it can be stored', () => {
  expect(foreignText(5).parse(' a\n ')).toBe(' a\n ');
  expect(complaints(foreignText(5), 'a\ud800')).toEqual([unusable]);
});

test('an id has one spelling', () => {
  expect(id.parse('0198D8A6-0000-7000-8000-00000000000A')).toBe('0198d8a6-0000-7000-8000-00000000000a');
  expect(id.safeParse('7').success).toBe(false);
});
