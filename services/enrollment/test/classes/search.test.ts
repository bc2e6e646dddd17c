import type { CoopQueryable, Statement } from '@homeroom/postgres';
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

  test('with one statement, from the index of words of the co-op', async () => {
    const search = { q: 'pott', limit: 20 };
    const { names } = await harness.counter.during(() => searchClasses(harness.db, search));
    expect(names).toEqual(['classes_search_text']);
    // reading all classes of a co-op that has few is cheaper
    await harness.rows(
      `insert into classes (coop_id, class_id, version, title, description, subject, teacher, room, weekday, start_time,
          end_time, first_day, last_day, time_zone, age_min, age_max, capacity, price_cents, currency, status)
        select coop_id, gen_random_uuid(), 1, 'Choir ' || n, '', subject, teacher, room, weekday, start_time,
          end_time, first_day, last_day, time_zone, age_min, age_max, capacity, price_cents, currency, status
        from classes, generate_series(1, 2000) n where title = 'Choir'`,
    );
    await harness.rows('vacuum analyze classes');
    let plan: unknown;
    const explaining: CoopQueryable = {
      coopId: harness.db.coopId,
      async query<Row>({ text, values = [] }: Statement) {
        const explained = { name: 'test-plan', text: `explain (format json) ${text}`, values };
        const result = await harness.db.query<Row>(explained);
        plan = result.rows;
        return { ...result, rows: [] };
      },
    };
    await searchClasses(explaining, search);
    await harness.rows(`delete from classes where title ~ '^Choir '`);
    expect(JSON.stringify(plan)).toMatch(
      /"Index Name":"classes_search".*"Index Cond":"\(\(coop_id = '[^']+'::uuid\) AND \(search @@/,
    );
  });

  test('also finds what version 0.1 writes and searches: it does not know the new index', async () => {
    const asked = `select title from classes where search @@ websearch_to_tsquery('english', $1) order by title`;
    expect(await harness.rows(asked, 'Inês')).toEqual([{ title: 'Pottery' }]);
    expect(await harness.rows(asked, '"painted bowls"')).toEqual([{ title: 'Pottery' }]);
    expect(await harness.rows(asked, 'songs -pottery')).toEqual([{ title: 'Choir' }]);
  });
});
