import { expect, test } from '@jest/globals';
import { readExamplesOf, runReadmeExample } from '@homeroom/testing';

const folder = new URL('..', import.meta.url).pathname;

test.each(await readExamplesOf(folder))('README: $heading', async (example) => {
  expect(await runReadmeExample(folder, example)).toBe(example.output);
});
