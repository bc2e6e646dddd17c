import { createTestDatabase, distributionMistakes, type TestDatabase } from '@homeroom/testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase('enrollment', { replica: false });
});
afterAll(() => testDatabase.drop());

test('every key contains the co-op: the tables can be distributed by it', async () => {
  expect(await distributionMistakes(testDatabase.url)).toEqual([]);
});
