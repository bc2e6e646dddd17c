import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { searchClasses } from '../../src/classes/store.ts';
import { startHarness, type Harness } from '../harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  for (const details of [
    { title: 'Pottery', teacher: 'Inês Duarte', description: 'Painted bowls.' },
    { title: 'Choir', teacher: 'Ines Lund', description: 'Songs of the sea, for beginners.', subject: 'music' },
    { title: 'The sea', teacher: 'Søren Weiß', description: 'After-school classes on the beach.', subject: 'science' },
    { title: 'Łódź and Kraków', teacher: 'Ada', description: 'Maps & walks.', subject: 'history' },
  ]) {
    await harness.openClass(details);
  }
});
afterAll(() => harness.close());

const titles = async (q: string): Promise<string[]> => {
  const response = await harness.app.inject({ url: `/api/classes?q=${encodeURIComponent(q)}` });
  expect(response.statusCode).toBe(200);
  return response.json().items.map(({ title }: { title: string }) => title);
};

describe('D11: searching the catalog', () => {
  test.each([
    ['pott', ['Pottery']],
    ['POTTERY', ['Pottery']],
    ['p', ['Pottery']],
    ['bow paint', ['Pottery']],
    ['pottery choir', []],
    ['ottery', []],
  ])('by the beginnings of words: %s', async (q, expected) => {
    expect(await titles(q)).toEqual(expected);
  });

  test.each([
    ['ines', ['Choir', 'Pottery']],
    ['Inês', ['Choir', 'Pottery']],
    ['Ine\u0302s', ['Choir', 'Pottery']],
    ['INÊS DUARTE', ['Pottery']],
    ['soren weiss', ['The sea']],
    ['weiß', ['The sea']],
    ['lodz', ['Łódź and Kraków']],
    ['krakow', ['Łódź and Kraków']],
  ])('without accents, in the question and in the answer: %s', async (q, expected) => {
    expect(await titles(q)).toEqual(expected);
  });

  test.each([
    ['class', ['The sea']],
    ['classes', ['The sea']],
    ['painting', ['Pottery']],
    ['song', ['Choir']],
    ['after-school', ['The sea']],
    ['school', ['The sea']],
  ])('by other forms of a word: %s', async (q, expected) => {
    expect(await titles(q)).toEqual(expected);
  });

  test.each([
    ['the pottery', ['Pottery']],
    ['songs for a beginner', ['Choir']],
  ])('past words that every text has: %s', async (q, expected) => {
    expect(await titles(q)).toEqual(expected);
  });

  test.each([
    ['maps & walks', ['Łódź and Kraków']],
    ['pott:*', ['Pottery']],
    ['!pottery', ['Pottery']],
    ['-pottery', ['Pottery']],
    ['"bowls painted"', ['Pottery']],
    ["pott' | choir", []],
    ["'\\", []],
    ['((', []],
    [':*', []],
    ['🏺', []],
  ])('with no character as an operator: %s', async (q, expected) => {
    expect(await titles(q)).toEqual(expected);
  });

  test('with one statement, from the index of words', async () => {
    const search = { q: 'pott', limit: 20 };
    const { names } = await harness.counter.during(() => searchClasses(harness.database, search));
    expect(names).toEqual(['classes_search_text']);
    const plan = await harness.database.transaction(async (trx) => {
      await trx.query({ name: 'test-no-seqscan', text: 'set local enable_seqscan = off' });
      let found: unknown;
      const explaining: typeof trx = {
        ...trx,
        async query<Row>({ text, values = [] }: { text: string; values?: readonly unknown[] }) {
          const result = await trx.query<Row>({ name: 'test-plan', text: `explain (format json) ${text}`, values });
          found = result.rows;
          return { ...result, rows: [] };
        },
      };
      await searchClasses(explaining, search);
      return JSON.stringify(found);
    });
    expect(plan).toContain('classes_search');
  });

  test('also finds what version 0.1 writes and searches: it does not know the new index', async () => {
    const asked = `select title from classes where search @@ websearch_to_tsquery('english', $1) order by title`;
    expect(await harness.rows(asked, 'Inês')).toEqual([{ title: 'Pottery' }]);
    expect(await harness.rows(asked, '"painted bowls"')).toEqual([{ title: 'Pottery' }]);
    expect(await harness.rows(asked, 'songs -pottery')).toEqual([{ title: 'Choir' }]);
  });
});
