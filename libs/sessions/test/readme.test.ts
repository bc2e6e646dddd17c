import { readExamplesOf, runReadmeExample, testRedis } from '@homeroom/testing';
import { expect, test } from '@jest/globals';

const folder = new URL('..', import.meta.url).pathname;

test.each(await readExamplesOf(folder))('README: $heading', async (example) => {
  const { sessionsUrl } = await testRedis();
  expect(await runReadmeExample(folder, example, { env: { REDIS_SESSIONS_URL: sessionsUrl } })).toBe(example.output);
});
