import { readExamplesOf, runReadmeExample } from '@homeroom/testing';
import { expect, test } from '@jest/globals';

const folder = new URL('..', import.meta.url).pathname;

test.each(await readExamplesOf(folder))('README: $heading', async (example) => {
  expect(await runReadmeExample(folder, example)).toBe(example.output);
});
