import { createLogger, databaseConfig, Health, loadConfig, Metrics, processConfig } from '@homeroom/chassis';
import { once, openServiceDatabase, type Database } from '@homeroom/postgres';
import { createTestDatabase, waitFor, type TestDatabase } from '@homeroom/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { idempotencyTable } from './idempotency-table.ts';

let testDatabase: TestDatabase;
let folder: string;
beforeAll(async () => {
  testDatabase = await createTestDatabase({ migrations: [idempotencyTable] });
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
  await writeFile(join(folder, '0001_test.sql'), idempotencyTable);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await testDatabase.drop();
});

let metrics: Metrics;
let health: Health;
let closers: [name: string, close: () => Promise<unknown>][];
beforeEach(() => {
  metrics = new Metrics({ service: 'things', defaults: false });
  health = new Health();
  closers = [];
});
afterEach(async () => {
  health.stop();
  for (const [, close] of closers) await close();
});

const open = (env: Record<string, string> = {}): Promise<Database> =>
  openServiceDatabase(
    {
      name: 'things-api',
      config: loadConfig(processConfig.extend(databaseConfig), { DATABASE_URL: testDatabase.url, ...env }),
      logger: createLogger({ service: 'things', level: 'silent' }),
      metrics,
      health,
      signal: AbortSignal.timeout(30_000),
      onClose: (name, close) => closers.push([name, close]),
    },
    pathToFileURL(`${folder}/`),
  );

describe('a process’s database', () => {
  test('is named, measured, watched and closed at the end', async () => {
    const database = await open();
    const { rows } = await database.query<{ name: string }>({
      name: 'who',
      text: `select current_setting('application_name') as name`,
    });
    expect(rows).toEqual([{ name: 'things-api' }]);
    const text = await metrics.registry.metrics();
    expect(text).toContain('db_query_seconds_count{service="things",name="who",role="primary"} 1');
    expect(text).toMatch(/db_pool_connections\{state="idle",service="things"\} [1-9]/);
    await waitFor('the check', () => health.report().checks['postgres']?.state === 'up');
    expect(closers.map(([name]) => name)).toEqual(['database']);
  });

  test('is refused when the processes together want more connections than there are', async () => {
    await expect(open({ DATABASE_CONNECTIONS_PLANNED: '100000' })).rejects.toThrow('100000');
  });

  test('is refused when its schema is not the one that the process was made for', async () => {
    const file = join(folder, '0002_more.sql');
    await writeFile(file, 'create table more (id int)');
    await expect(open()).rejects.toThrow('0002_more');
    await rm(file);
  });
});

describe('once', () => {
  const answer = (database: Database, key: string | undefined, size: number): Promise<{ made: number }> =>
    database
      .ofCoop(coopId)
      .transaction((trx) =>
        once(trx, { principal: 'a', key, request: ['POST', '/api/things', { size }] }, async () => ({ made: ++made })),
      );
  const coopId = randomUUID();
  let made = 0;
  beforeEach(() => void (made = 0));

  test('does a request with a key one time, and one without every time', async () => {
    const database = await open();
    expect([await answer(database, 'one', 1), await answer(database, 'one', 1)]).toEqual([{ made: 1 }, { made: 1 }]);
    expect([await answer(database, undefined, 1), await answer(database, undefined, 1)]).toEqual([
      { made: 2 },
      { made: 3 },
    ]);
  });

  test('refuses the key of another request', async () => {
    const database = await open();
    await answer(database, 'two', 1);
    await expect(answer(database, 'two', 2)).rejects.toMatchObject({ code: 'idempotency_key_reused' });
    expect(made).toBe(1);
  });

  test('does not keep the key of a refused request', async () => {
    const database = await open();
    const claim = { principal: 'a', key: 'three', request: ['POST', '/api/things', {}] } as const;
    const refused = database
      .ofCoop(coopId)
      .transaction((trx) => once(trx, claim, () => Promise.reject(new Error('no room'))));
    await expect(refused).rejects.toThrow('no room');
    await database.ofCoop(coopId).transaction((trx) => once(trx, claim, async () => ({ made: ++made })));
    expect(made).toBe(1);
  });
});
