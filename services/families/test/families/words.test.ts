import { expect, test } from '@jest/globals';
import { foldedWords, prefixQuery, sortKey } from '../../src/families/words.ts';

test('removes case, accents, and punctuation', () => {
  expect(foldedWords('Zoë O’Brien-Łukasz MÜLLER')).toEqual(['zoe', 'o', 'brien', 'łukasz', 'muller']);
  expect(foldedWords('Weiß')).toEqual(['weiss']);
  expect(foldedWords('ﬁnn')).toEqual(['finn']);
});

test('keeps words of every script', () => {
  expect(foldedWords('山田 太郎')).toEqual(['山田', '太郎']);
  expect(foldedWords('محمد علي')).toEqual(['محمد', 'علي']);
});

test('composed and decomposed text have the same words', () => {
  expect(foldedWords('José')).toEqual(foldedWords('José'.normalize('NFD')));
});

test('a query has letters and digits only', () => {
  expect(prefixQuery("o'brien & !x | (y):* \\ 'z'")).toBe('o:* & brien:* & x:* & y:* & z:*');
  expect(prefixQuery('🙂 !!!')).toBeUndefined();
});

test('a sort key fits a cursor', () => {
  expect(Array.from(sortKey('𝕬'.repeat(200)))).toHaveLength(60);
  expect(sortKey('🙂')).toBe('');
});
