import {
  findJob,
  purgeImports,
  runNextImport,
  submitImport,
  unsealed,
  type ImportReport,
  type ImportsOptions,
} from '@homeroom/csv';
import type { CoopDatabase, Database } from '@homeroom/postgres';
import { createTestDatabase, openTestDatabase, type TestDatabase } from '@homeroom/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { importTables } from './import-tables.ts';

let testDatabase: TestDatabase;
let database: Database;
let willow: CoopDatabase;
let birch: CoopDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase({ migrations: [importTables] }, { replica: false });
  database = openTestDatabase(testDatabase);
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});
beforeEach(async () => {
  [willow, birch] = [database.ofCoop(randomUUID()), database.ofCoop(randomUUID())];
  await database.query({ name: 'clear', text: 'delete from import_jobs' });
});

/** Always the same account, which two co-ops could only have by mistake. */
const submit = (db: CoopDatabase, content: string, idempotencyKey?: string) =>
  submitImport(
    { db, sealing: unsealed },
    { accountId: 'account', idempotencyKey, file: Buffer.from(content), options: { preview: false } },
  );
const submitted = async (...given: Parameters<typeof submit>): Promise<string> => {
  const outcome = await submit(...given);
  if ('kind' in outcome) throw new Error(outcome.code);
  return outcome.id;
};

const report: ImportReport = {
  ...{ preview: false, encoding: 'utf-8', delimiter: 'comma', dates: { order: 'month-first', basis: 'assumed' } },
  ...{ ignoredColumns: [], created: 1, updated: 0, unchanged: 0, rejectedRows: 0, rejected: [], rows: [] },
};
const run = (importFile: ImportsOptions['importFile']): Promise<boolean> =>
  runNextImport(
    {
      ...{ db: database, sealing: unsealed, importFile, leaseMs: 60_000, pollMs: 1, titleOf: (code) => code },
      onEvent: (event) => {
        if ('error' in event) throw event.error;
      },
    },
    new AbortController().signal,
  );

test('a job is found by its own co-op only', async () => {
  const id = await submitted(willow, 'a file');
  expect(await findJob(willow, id)).toMatchObject({ id, status: 'queued' });
  expect(await findJob(birch, id)).toBeUndefined();
});

test('an equal file, and an equal key, of another co-op are jobs of their own', async () => {
  const jobs = [
    await submitted(willow, 'a file'),
    await submitted(birch, 'a file'),
    await submitted(willow, 'one more file', 'key'),
    await submitted(birch, 'another file', 'key'),
  ];
  expect(new Set(jobs).size).toBe(4);
  // control: the second time in the same co-op there is no second job
  expect([await submitted(willow, 'a file'), await submitted(birch, 'another file', 'key')]).toEqual([
    jobs[0],
    jobs[3],
  ]);
  expect(await submit(willow, 'another file', 'key')).toMatchObject({ code: 'idempotency_key_reused' });
});

test('fifty jobs of one co-op wait at most, and take no place of another', async () => {
  for (let n = 0; n < 50; n++) await submitted(willow, `file ${n}`);
  expect(await submit(willow, 'one more')).toMatchObject({ kind: 'refused', code: 'too_many_imports' });
  await submitted(birch, 'one more');
});

test('a worker imports the files of every co-op, each on the rows of its own', async () => {
  const ids = [await submitted(willow, 'of willow'), await submitted(birch, 'of birch')];
  const imported: [string, string][] = [];
  const importFile: ImportsOptions['importFile'] = async (db, { bytes }, job) => {
    imported.push([db.coopId, String(bytes)]);
    await db.transaction((trx) => job.saveBatch(trx, 0, ['created'], { rows: 1, of: 1 }));
    const text = 'select coop_id from import_batches';
    expect((await database.query({ name: 'batches', text })).rows).toEqual([{ coop_id: db.coopId }]);
    return report;
  };
  expect([await run(importFile), await run(importFile), await run(importFile)]).toEqual([true, true, false]);
  expect(imported).toEqual([
    [willow.coopId, 'of willow'],
    [birch.coopId, 'of birch'],
  ]);
  expect(await Promise.all([findJob(willow, ids[0] ?? ''), findJob(birch, ids[1] ?? '')])).toMatchObject([
    { status: 'done', report },
    { status: 'done', report },
  ]);
});

test('a batch in a transaction of another co-op is not recorded, and its rows roll back', async () => {
  await submitted(willow, 'a file');
  const lost: string[] = [];
  await runNextImport(
    {
      ...{ db: database, sealing: unsealed, leaseMs: 60_000, pollMs: 1, titleOf: (code: string) => code },
      importFile: async (_, __, job) => {
        await birch.transaction((trx) => job.saveBatch(trx, 0, [], { rows: 1, of: 1 }));
        return report;
      },
      onEvent: ({ type }) => lost.push(type),
    },
    new AbortController().signal,
  );
  expect(lost).toEqual(['lost']);
});

test('old jobs are deleted in portions, whatever their co-op', async () => {
  for (const db of [willow, birch]) for (const content of ['a', 'b']) await submitted(db, content);
  await database.query({ name: 'age', text: `update import_jobs set created_at = now() - interval '8 days'` });
  const young = await submitted(birch, 'c');
  expect([await purgeImports(database, { limit: 3 }), await purgeImports(database)]).toEqual([3, 1]);
  expect(await findJob(birch, young)).toBeDefined();
});
