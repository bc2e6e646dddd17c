import { readExamplesOf, runReadmeExample, testRedis } from '@homeroom/testing';
import { expect, test } from '@jest/globals';

const folder = new URL('..', import.meta.url).pathname;

test.each(await readExamplesOf(folder))('README: $heading', async (example) => {
  const { cacheUrl } = await testRedis();
  expect(await runReadmeExample(folder, example, { env: { REDIS_CACHE_URL: cacheUrl } })).toBe(example.output);
});
