import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, readExamplesOf, runReadmeExample, type TestDatabase } from '@homeroom/testing';

const folder = new URL('..', import.meta.url).pathname;
let opened: TestDatabase;
beforeAll(async () => {
  opened = await createTestDatabase({ migrations: [] });
});
afterAll(() => opened.drop());

test.each(await readExamplesOf(folder))('README: $heading', async (example) => {
  const env = { DATABASE_URL: opened.url, DATABASE_REPLICA_URLS: opened.replicaUrl };
  expect(await runReadmeExample(folder, example, { env })).toBe(example.output);
});
