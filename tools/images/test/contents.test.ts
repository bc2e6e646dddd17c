import { expect, test } from '@jest/globals';
import { mistakesIn } from '../src/check/contents.ts';
import { readOptions } from '../src/options.ts';

const good = [
  'nodejs/bin/node',
  'app/services/families/dist/api.js',
  'app/node_modules/pg/package.json',
  'app/node_modules/pg/node_modules/split2/package.json',
  'app/node_modules/@homeroom/postgres',
  'app/libs/postgres/package.json',
];
const needed = new Set(['node_modules/pg', 'node_modules/pg/node_modules/split2']);

test('an image that holds only what production needs has no mistakes', () => {
  expect(mistakesIn(good, needed)).toEqual([]);
});

test.each([
  ['usr/local/bin/npm', 'npm'],
  ['bin/sh', 'a shell'],
  ['app/services/families/src/api.ts', 'a source'],
  ['app/libs/postgres/src/index.js', 'a source'],
  ['app/apps/sandbox/src/process/process.js', 'a source'],
  ['app/services/families/test/app.js', 'a test'],
  ['app/libs/postgres/dist/index.js.map', 'a source map'],
  ['app/extra.pem', 'a certificate'],
  ['app/node_modules/typescript/package.json', 'node_modules/typescript, which production does not need'],
  ['app/node_modules/@swc/core/package.json', 'node_modules/@swc/core, which production does not need'],
])('%s is reported as a mistake', (file, sentence) => {
  expect(mistakesIn([...good, file], needed)).toEqual([expect.stringContaining(sentence)]);
});

test('invalid options are refused by name', () => {
  expect(() => readOptions(['--service', 'families', '--target', 'prod'])).toThrow('--target prod');
  expect(() => readOptions(['--service', 'unknown'])).toThrow('unknown');
  expect(() => readOptions(['--target', 'dev', '--check'])).toThrow('--check');
  expect(readOptions(['--target', 'dev']).images).toEqual(readOptions([]).images);
});
