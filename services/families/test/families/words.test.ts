import { expect, test } from '@jest/globals';
import { foldedWords, nameKey, prefixQuery, sortKey } from '../../src/families/words.ts';

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

test.each([
  ['José  Díaz', 'jose diaz'],
  ['O’Brien', 'O Brien'],
  ['Weiß', 'WEISS'],
  ['Ｍａｙａ', 'maya'],
  ['Αλέξης', 'αλεξης'],
  ['Алёна', 'алена'],
])('%s and %s are one name', (a, b) => expect(nameKey(a)).toBe(nameKey(b)));

test.each([
  ['Ana', 'Ana Ana'],
  ['はな', 'ばな'],
  ['राम', 'रमा'],
  ['🦉', '🐝'],
  ['Łukasz', 'Lukasz'],
])('%s and %s are two', (a, b) => expect(nameKey(a)).not.toBe(nameKey(b)));
