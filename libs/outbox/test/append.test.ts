import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeEvent } from '@homeroom/contracts';
import { append, OUTBOX_COLUMNS, outboxParameters } from '@homeroom/outbox';
import { openDatabase, type CoopDatabase, type Database } from '@homeroom/postgres';
import { countQueries, createTestDatabase, type TestDatabase } from '@homeroom/testing';
import { context, trace, TraceFlags, type Context, type ContextManager } from '@opentelemetry/api';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { changed, coopId } from './families.ts';
import { schema } from './schema.ts';

const counter = countQueries();
let opened: TestDatabase;
let database: Database;
let db: CoopDatabase;
beforeAll(async () => {
  opened = await createTestDatabase({ migrations: [schema] });
  database = openDatabase({
    primaryUrl: opened.url,
    replicaUrls: [],
    poolSize: 2,
    replicaPoolSize: 1,
    applicationName: 'append-test',
    onEvent: counter.onEvent,
  });
  db = database.ofCoop(coopId);
});
afterAll(async () => {
  await database.close();
  await opened.drop();
});

interface Row {
  coop_id: string;
  id: string;
  topic: string;
  key: string;
  headers: Record<string, string>;
  payload: Buffer;
}
const takeAll = async (): Promise<Row[]> => {
  const { rows } = await database.query<Row>({
    name: 'take',
    text: `with deleted as (delete from outbox returning *) select * from deleted order by sequence`,
  });
  return rows;
};

test('events are stored in the order given, by one statement, and can be read back', async () => {
  const key = randomUUID();
  const events = Array.from({ length: 50 }, (_, i) => changed(key, i + 1));
  const { names } = await counter.during(() => db.transaction((trx) => append(trx, ...events)));
  expect(names).toEqual(['begin', 'outbox_append', 'commit']);
  const rows = await takeAll();
  expect(rows.map(({ topic }) => topic)).toEqual(events.map(() => 'homeroom.family.v1'));
  expect(rows.map(({ headers, payload }) => decodeEvent({ headers, value: payload }))).toEqual(
    events.map((event) => ({ ...event, coopId })),
  );
  expect(rows.every((row) => row.key === key)).toBe(true);
});

test('rows and events have the co-op of their transaction, also events that name another', async () => {
  const other = '0199f2a0-0000-7000-8000-00000000000b';
  await db.transaction((trx) => append(trx, changed('a', 1)));
  const received = { ...changed('b', 1), coopId };
  await database.ofCoop(other).transaction((trx) => append(trx, received));
  const rows = await takeAll();
  expect(rows.map((row) => [row.key, row.coop_id, row.headers['ce_coopid']])).toEqual([
    ['a', coopId, coopId],
    ['b', other, other],
  ]);
});

test('no events, no statement', async () => {
  expect((await counter.during(() => append(db))).queries).toBe(0);
});

test('an event whose transaction rolls back was never there', async () => {
  await expect(
    db.transaction(async (trx) => {
      await append(trx, changed(randomUUID(), 1));
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await takeAll()).toEqual([]);
});

test('state and event fit in one statement', async () => {
  const event = changed(randomUUID(), 7);
  const { roundTrips } = await counter.during(() =>
    database.query({
      name: 'effect_and_event',
      text: `with effect as (insert into effects values ($6, $7, $8) returning version)
             insert into outbox (coop_id, ${OUTBOX_COLUMNS}) select $9::uuid, $1::uuid, $2, $3, $4::jsonb, $5::bytea from effect`,
      values: [...outboxParameters(coopId, event), event.id, event.subject, 7, coopId],
    }),
  );
  expect(roundTrips).toBe(1);
  const [row] = await takeAll();
  expect(decodeEvent({ headers: row!.headers, value: row!.payload })).toEqual({ ...event, coopId });
});

test('the trace of the running request goes along, unless the event has its own', () => {
  context.setGlobalContextManager(asyncContext());
  const spanContext = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: TraceFlags.SAMPLED,
  };
  const traced = <T>(work: () => T): T => context.with(trace.setSpanContext(context.active(), spanContext), work);
  const headersOf = (event: Parameters<typeof outboxParameters>[1]): unknown =>
    (JSON.parse(outboxParameters(coopId, event)[3]) as Record<string, unknown>)['traceparent'];
  expect(traced(() => headersOf(changed('a', 1)))).toBe('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  const own = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';
  expect(traced(() => headersOf({ ...changed('a', 1), traceparent: own }))).toBe(own);
  expect(headersOf(changed('a', 1))).toBeUndefined();
  context.disable();
});

/** The least that the OpenTelemetry API needs to know which span is active. */
function asyncContext(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const root = context.active();
  return {
    active: () => storage.getStore() ?? root,
    with: (active, work, thisArg, ...args) =>
      storage.run(active, () => work.apply(thisArg as ThisParameterType<typeof work>, args)),
    bind: (_, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  };
}
