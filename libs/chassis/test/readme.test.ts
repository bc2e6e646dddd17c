import { readFile } from 'node:fs/promises';
import { chassisErrors, processConfig } from '@homeroom/chassis';
import { errorRows, readExamplesOf, readmeTables, runReadmeExample } from '@homeroom/testing';
import { expect, test } from '@jest/globals';

const folder = new URL('..', import.meta.url).pathname;
const readme = await readFile(`${folder}README.md`, 'utf8');

test.each(await readExamplesOf(folder))('README: $heading', async (example) => {
  expect(await runReadmeExample(folder, example)).toBe(example.output);
});

test('README: the table of errors is the table of errors', () => {
  const { errors } = readmeTables(new URL('../', import.meta.url));
  expect(errors('Errors of every service')).toEqual(errorRows(chassisErrors));
});

test('README: every variable is there', () => {
  for (const name of Object.keys(processConfig.shape)) expect(readme).toContain(`\`${name}\``);
});
