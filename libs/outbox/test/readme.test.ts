import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, readExamplesOf, runReadmeExample, type TestDatabase } from '@homeroom/testing';
import { readFile } from 'node:fs/promises';
import { schema } from './schema.ts';

const folder = new URL('..', import.meta.url).pathname;
let opened: TestDatabase;
beforeAll(async () => {
  opened = await createTestDatabase({ migrations: [schema] });
});
afterAll(() => opened.drop());

test.each(await readExamplesOf(folder))('README: $heading', async (example) => {
  expect(await runReadmeExample(folder, example, { env: { DATABASE_URL: opened.url } })).toBe(example.output);
});

test('README: the tables are those that the tests use', async () => {
  const readme = await readFile(`${folder}/README.md`, 'utf8');
  const [, sql = 'no sql'] = /```sql\n([\s\S]*?)```/.exec(readme) ?? [];
  expect(schema).toContain(sql);
});
