import { collectStatements, everyChoice } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';

const dependent = /depends on the arguments of (\w+)\./g;

/** Calls that satisfy the collection whatever they run. */
async function callsOf(service: string): Promise<Parameters<typeof collectStatements>[1]> {
  const missing = await collectStatements(service).then(
    () => '',
    (error: unknown) => String(error),
  );
  const names = [...missing.matchAll(dependent)].map(([, name]) => String(name));
  return Object.fromEntries(names.map((name) => [name, (db) => db.query({ name: `of_${name}`, text: 'select 1' })]));
}

test('the statements of a service are those of its sources and of the libs that it uses', async () => {
  const calls = await callsOf('families');
  const names = (await collectStatements('families', calls)).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['find_family', 'import_job_insert', 'outbox_append', 'save_coop']));
  expect(names).toEqual(expect.arrayContaining(Object.keys(calls ?? {}).map((name) => `of_${name}`)));
});

test('no name of a statement that the sources write out is missing', async () => {
  const folder = new URL('../../../services/families/src/', import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('store.ts'));
  const sources = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  const written = sources.flatMap((source) => [...source.matchAll(/^ +name: '(\w+)',$/gm)].map(([, name]) => name));
  const collected = await collectStatements('families', await callsOf('families'));
  const names = new Set(collected.map(({ name }) => name));
  expect(written.length).toBeGreaterThan(20);
  expect(written.filter((name) => name !== undefined && !names.has(name))).toEqual([]);
});

test('a function whose statement depends on its arguments must be called, one that does not must not', async () => {
  await expect(collectStatements('families')).rejects.toThrow(
    /services\/families\/src\/search\/store\.ts:\d+: the text depends on the arguments of selectFamilies\. Add calls of it\./,
  );
  const calls = await callsOf('families');
  await expect(
    collectStatements('families', { ...calls, find: (db) => db.query({ name: 'a', text: 'b' }) }),
  ).rejects.toThrow('find need not be called.');
  await expect(collectStatements('families', { ...calls, selectFamilies: () => undefined })).rejects.toThrow(
    'selectFamilies has run no statement.',
  );
});

test('every choice of two properties is four', () => {
  expect(everyChoice({ a: 1, b: 2 })).toEqual([{}, { a: 1 }, { b: 2 }, { a: 1, b: 2 }]);
});
