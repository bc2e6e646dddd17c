import { expect, test } from '@jest/globals';
import { readExamplesOf, runReadmeExample, testKafkaBrokers } from '@homeroom/testing';

const folder = new URL('..', import.meta.url).pathname;

test.each(await readExamplesOf(folder))('README: $heading', async (example) => {
  expect(await runReadmeExample(folder, example, { env: { KAFKA_BROKERS: testKafkaBrokers().join(',') } })).toBe(
    example.output,
  );
});
