import { chassisErrors, commandConfig, migrationConfig, processConfig } from '@homeroom/chassis';
import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { apiConfig, sessionsConfig, workerConfig } from '../src/config.ts';
import { errors } from '../src/errors.ts';
import { rosterColumns } from '../src/roster/parse-roster.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

const section = (heading: string): string => {
  const [, text = ''] = readme.split(`## ${heading}\n`);
  return text.split('\n## ')[0] ?? '';
};
const namesInTable = (heading: string): string[] =>
  section(heading)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => String(name)));

test('the README lists the errors of errors.ts, no more and no less', () => {
  const listed = [...section('Errors').matchAll(/^\| `(\w+)` +\| (\d{3}) +\| (.*?) +\|$/gm)].map(
    ([, code, status, title]) => [code, Number(status), title],
  );
  expect(listed).toEqual(Object.entries(errors.own).map(([code, { status, title }]) => [code, status, title]));
  for (const code of Object.keys(errors.own)) expect(chassisErrors).not.toHaveProperty(code);
});

test('the README lists the columns of a roster', () => {
  expect(namesInTable('Rosters').sort()).toEqual([...rosterColumns.required, ...rosterColumns.optional].sort());
});

test('the README lists what the service reads from its environment', () => {
  const read = [apiConfig, workerConfig, commandConfig, sessionsConfig, migrationConfig].flatMap(({ shape }) =>
    Object.keys(shape),
  );
  const own = [...new Set(read)].filter((name) => !(name in processConfig.shape));
  expect(namesInTable('Configuration').sort()).toEqual(own.sort());
});
