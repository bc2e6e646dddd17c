import { chassisErrors, commandConfig, processConfig } from '@homeroom/chassis';
import { configNames, errorRows, jargonRows, readmeTables } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { apiConfig, migrationConfig, sessionsConfig, workerConfig } from '../src/config.ts';
import { errors } from '../src/errors.ts';
import { rosterColumns } from '../src/roster/parse-roster.ts';

const readme = readmeTables(new URL('../', import.meta.url));

test('the README lists the errors of errors.ts, no more and no less', () => {
  expect(readme.errors()).toEqual(errorRows(errors.own));
  for (const code of Object.keys(errors.own)) expect(chassisErrors).not.toHaveProperty(code);
});

test('the README lists the columns of a roster', () => {
  const { required, optional } = rosterColumns;
  expect(readme.names('Rosters')).toEqual([...required, ...optional].sort());
});

test('the README lists what the service reads from its environment', () => {
  const configs = [apiConfig, workerConfig, commandConfig, sessionsConfig, migrationConfig];
  expect(readme.names('Configuration')).toEqual(configNames(configs, processConfig));
});

test('every title of a 4xx is a sentence for a parent', () => {
  expect(jargonRows(errors.own)).toEqual([]);
});
