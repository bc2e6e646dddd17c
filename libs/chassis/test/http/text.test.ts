import { id, text } from '@homeroom/chassis';
import { expect, test } from '@jest/globals';

test('text is composed and trimmed before it is counted', () => {
  expect(text(4).parse('  Cafe\u0301 ')).toBe('Caf\u00e9');
});

test.each([
  ['nothing', ' ', 'must not be empty'],
  ['too much', 'abcde', 'must be at most 4 characters'],
  ['half a character', 'a\ud800', 'must be well-formed Unicode without NUL'],
  ['a NUL', 'a\0', 'must be well-formed Unicode without NUL'],
])('%s is refused', (_what, given, message) => {
  expect(text(4).safeParse(given).error?.issues).toEqual([expect.objectContaining({ message })]);
});

test('a character that needs two UTF-16 units is one', () => {
  expect(text(2).parse('🦉🦉')).toBe('🦉🦉');
});

test('an id has one spelling', () => {
  expect(id.parse('0198D8A6-0000-7000-8000-00000000000A')).toBe('0198d8a6-0000-7000-8000-00000000000a');
  expect(id.safeParse('7').success).toBe(false);
});
