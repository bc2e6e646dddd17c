import { runImports, runNextImport, type ImportRun, type ImportsOptions } from '@homeroom/csv';
import { waitFor } from '@homeroom/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openPasswords } from '../../src/credentials/passwords.ts';
import { importRosters } from '../../src/roster/import-rosters.ts';
import { accountTokenSecret, newEmail, password, startHarness, type Client, type Harness } from '../harness.ts';

let service: Harness;
let coordinator: Client;
beforeAll(async () => {
  service = await startHarness();
  coordinator = await service.coordinator();
});
beforeEach(() => service.rows('delete from import_jobs'));
afterAll(() => service.close());

const header = 'guardian_email,guardian_name,family_name,child_name,child_birth_date';
const rosterOf = (families: number): string =>
  [header, ...Array.from({ length: families }, () => `${newEmail()},G,F,Maya,2017-04-02`)].join('\n');
const send = (csv: string | Buffer, headers: Record<string, string> = {}, query = '', client = coordinator) =>
  client.send('POST', `/api/families/import${query}`, csv, { 'content-type': 'text/csv', ...headers });
const find = async (id: string) => (await coordinator.send('GET', `/api/families/import/${id}`)).body;
const never = new AbortController().signal;

/** A worker's options. @param change what it does otherwise, and where its events go. */
const worker = (change: Partial<ImportsOptions> = {}): ImportsOptions => {
  const passwords = openPasswords({ secret: '', concurrent: 2, queued: 10 });
  const imports = importRosters({ database: service.database, passwords }, accountTokenSecret);
  return { ...imports, leaseMs: 60_000, pollMs: 5, onEvent: () => undefined, ...change };
};

describe('a roster is imported by a job', () => {
  test('the request answers 202 with the address of the job, before anything is read or hashed', async () => {
    const { result, names } = await service.counter.during(() => send(`${rosterOf(2)}\nnot an email,G,F,,`));
    expect([result.status, result.headers['location']]).toEqual([202, `/api/families/import/${result.body.id}`]);
    expect(result.body).toMatchObject({ status: 'queued', preview: false, progress: { rows: 0 } });
    expect(names).toEqual(['import_job_insert']);
    await service.runImports();
    expect(await find(result.body.id)).toMatchObject({
      status: 'done',
      progress: { rows: 2, of: 2 },
      report: { created: 2, rejectedRows: 1, rejected: [{ line: 4, field: 'guardian_email', value: 'not an email' }] },
    });
  });

  test('a file that cannot be read ends as failed, with the problem', async () => {
    const { body } = await send('guardian_email\n');
    await service.runImports();
    expect(await find(body.id)).toMatchObject({
      status: 'failed',
      problem: { code: 'unreadable_csv', title: expect.any(String), detail: expect.stringContaining('is missing') },
    });
  });

  test('a file with what no database can store is reported all the same', async () => {
    const rows = [`${newEmail()},nul\0,F,,`, `a\0@example.org,G,F,,`];
    const { body } = await service.importing([header, ...rows].join('\n'), coordinator);
    expect(body.rejected).toMatchObject([{ line: 2 }, { line: 3 }]);
    const refused = await service.importing(`nul\0\n`, coordinator);
    expect(refused.body.code).toBe('unreadable_csv');
    expect(await service.importing(`guardian_emai\0l\n`, coordinator)).toMatchObject({ status: 422 });
  });

  test('the declared charset and the order of dates are those of the request', async () => {
    const csv = Buffer.from(`${header}\n${newEmail()},Inês,F,Maya,2/4/2017`, 'latin1');
    const { body } = await send(csv, { 'content-type': 'text/csv; charset="ISO-8859-1"' }, '?dates=day-first');
    await service.runImports();
    const { report } = await find(body.id);
    expect(report).toMatchObject({
      encoding: 'windows-1252',
      dates: { order: 'day-first', basis: 'given' },
      rows: [{ action: 'created', line: 2 }],
    });
    const [child] = await service.rows(`select birth_date::text as born from children where birth_date = '2017-04-02'`);
    expect(child).toEqual({ born: '2017-04-02' });
    expect((await send(csv, {}, '?dates=sideways')).body.code).toBe('validation_failed');
  });

  test('a preview names what would change, old and new, and writes nothing but its job', async () => {
    const { email } = await service.family({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
    await service.verify(email);
    const csv = [header, `${email},X,Y,Ben,2019-01-01`, `${newEmail()},G,F,,`].join('\n');
    const state = () =>
      service.rows('select count(*)::int as families, (select count(*) from outbox) as events from families');
    const before = await state();
    const { body } = await service.importing(csv, coordinator, { query: '?preview=true' });
    expect(await state()).toEqual(before);
    expect(body).toMatchObject({
      preview: true,
      created: 1,
      updated: 1,
      rows: [
        {
          action: 'updated',
          id: expect.any(String),
          changes: [
            { field: 'child_name', from: null, to: 'Ben' },
            { field: 'child_birth_date', from: null, to: '2019-01-01' },
          ],
        },
        { action: 'created' },
      ],
    });
  });

  test('a file waits sealed, and is deleted when its job has ended', async () => {
    const csv = `guardian_email,guardian_name,family_name,password\n${newEmail()},G,F,${password}`;
    const { body } = await send(csv);
    const file = async (): Promise<unknown> =>
      (await service.rows<{ file: Buffer | null }>('select file from import_jobs'))[0]?.file;
    expect(String(await file())).not.toContain(password);
    await service.runImports();
    expect(await file()).toBeNull();
    expect(JSON.stringify(await find(body.id))).not.toContain(password);
  });

  test('a job that no one knows is not found', async () => {
    const { status, body } = await coordinator.send('GET', `/api/families/import/${crypto.randomUUID()}`);
    expect([status, body.code]).toEqual([404, 'import_not_found']);
  });
});

describe('sent twice, a roster is one job', () => {
  test('for an Idempotency-Key, also after it has ended; with another file the key is refused', async () => {
    const key = { 'idempotency-key': crypto.randomUUID() };
    const csv = rosterOf(1);
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(csv, key)));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    await service.runImports();
    expect((await send(csv, key)).body).toMatchObject({ id: answers[0]?.body.id, status: 'done' });
    expect((await send(rosterOf(1), key)).body.code).toBe('idempotency_key_reused');
    const other = await service.coordinator();
    expect((await send(csv, key, '', other)).body.id).not.toBe(answers[0]?.body.id);
  });

  test('for its content, as long as it waits; afterwards it is another job, which changes nothing', async () => {
    const csv = rosterOf(1);
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(csv)));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await send(csv, {}, '?preview=true')).body.id).not.toBe(answers[0]?.body.id);
    await service.runImports();
    const again = await service.importing(csv, coordinator);
    expect(again.body).toMatchObject({ created: 0, unchanged: 1 });
  });
});

test('too many files that wait are refused, with when to try again', async () => {
  await service.rows(`insert into import_jobs (import_id, requested_by, request_hash, options, file)
    select gen_random_uuid(), 'someone', n::text, '{}', '' from generate_series(1, 50) n`);
  const { status, headers, body } = await send(rosterOf(1));
  expect([status, body.code, headers['retry-after']]).toEqual([429, 'too_many_imports', '30']);
});

describe('a killed worker’s import', () => {
  /** A worker that has written one batch of two, and is heard of no more. */
  async function stuckWorker(): Promise<{ events: string[]; goOn: () => Promise<unknown> }> {
    const [stuck, going] = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
    const events: string[] = [];
    const { importFile } = worker();
    const hanging = (run: ImportRun): ImportRun => ({
      ...run,
      async saveBatch(trx, batch, ...rest) {
        if (batch === 1) {
          stuck.resolve(undefined);
          await going.promise;
        }
        return run.saveBatch(trx, batch, ...rest);
      },
    });
    const options = worker({
      importFile: (db, file, run) => importFile(db, file, hanging(run)),
      onEvent: ({ type }) => events.push(type),
    });
    const running = runNextImport(options, never);
    await stuck.promise;
    await service.rows(`update import_jobs set lease_until = now() - interval '1 second'`);
    const goOn = (): Promise<unknown> => {
      going.resolve(undefined);
      return running;
    };
    return { events, goOn };
  }

  test('goes on in another after its last batch, and the first one, awake again, writes nothing', async () => {
    const { body } = await send(rosterOf(600));
    const [{ count: before } = { count: 0 }] = await service.rows<{ count: number }>(
      'select count(*)::int from families',
    );
    const { events, goOn } = await stuckWorker();
    // its second batch is not committed, and holds the addresses that the other worker waits for
    const other = runNextImport(worker(), never);
    await waitFor(
      'the other worker',
      async () => (await service.rows('select from import_jobs where attempts = 2')).length === 1,
    );
    await goOn();
    expect(await other).toBe(true);
    expect(events).toEqual(['lost']);
    expect(await find(body.id)).toMatchObject({ status: 'done', report: { created: 600, unchanged: 0 } });
    const [{ count } = { count: 0 }] = await service.rows<{ count: number }>('select count(*)::int from families');
    expect(count - before).toBe(600);
    expect(await service.rows('select from import_batches')).toEqual([]);
  });

  test('control: without the record of its batches, the report is of the second half only', async () => {
    const { body } = await send(rosterOf(600));
    const { goOn } = await stuckWorker();
    const { importFile } = worker();
    const forgetful = worker({
      importFile: (db, file, run) => importFile(db, file, { ...run, written: new Map(), saveBatch: async () => {} }),
    });
    const other = runNextImport(forgetful, never);
    await waitFor(
      'the other worker',
      async () => (await service.rows('select from import_jobs where attempts = 2')).length === 1,
    );
    await goOn();
    await other;
    expect(await find(body.id)).toMatchObject({ report: { created: 100, unchanged: 500 } });
  });

  test('is not stopped by shutdown for long: it is released, and goes on at once elsewhere', async () => {
    const { body } = await send(rosterOf(600));
    const shutdown = new AbortController();
    const { importFile } = worker();
    const stopping = worker({
      importFile: (db, file, run) =>
        importFile(db, file, {
          ...run,
          async saveBatch(...batch) {
            await run.saveBatch(...batch);
            shutdown.abort();
          },
        }),
    });
    await runImports(stopping, shutdown.signal);
    expect(await find(body.id)).toMatchObject({ status: 'running', progress: { rows: 500, of: 600 } });
    await service.runImports();
    expect(await find(body.id)).toMatchObject({ status: 'done', report: { created: 600 } });
  });

  test('is given up when every worker that takes it ends', async () => {
    const { body } = await send(rosterOf(1));
    await service.rows('update import_jobs set attempts = 10');
    await service.runImports();
    expect(await find(body.id)).toMatchObject({ status: 'failed', problem: { code: 'import_failed' } });
  });
});

test('a fault ends the job with a sentence, and frees its worker', async () => {
  const { body } = await send(rosterOf(1));
  const events: string[] = [];
  const broken = worker({
    importFile: () => Promise.reject(new Error('a bug')),
    onEvent: ({ type }) => events.push(type),
  });
  expect(await runNextImport(broken, never)).toBe(true);
  expect(events).toEqual(['broken', 'finished']);
  expect(await find(body.id)).toMatchObject({ status: 'failed', problem: { code: 'import_failed' } });
  expect(await runNextImport(broken, never)).toBe(false);
});
