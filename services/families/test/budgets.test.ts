import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startFaultProxy, testRedis } from '@homeroom/testing';
import { v7 as uuidv7 } from 'uuid';
import { newEmail, password, registrationOf, startHarness, type Guardian, type Harness } from './harness.ts';

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.close());

const namesOf = async (work: () => Promise<{ status: number }>, status: number): Promise<readonly string[]> => {
  const { names, result } = await service.counter.during(work);
  expect(result.status).toBe(status);
  return names;
};

test('a registration is one round trip to Postgres', async () => {
  const given = registrationOf({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
  expect(await namesOf(() => service.anonymous.send('POST', '/api/families', given), 201)).toEqual(['insert_families']);
});

test('a registration with an Idempotency-Key is a transaction of three statements', async () => {
  const register = () =>
    service.anonymous.send('POST', '/api/families', registrationOf(), { 'idempotency-key': uuidv7() });
  expect(await namesOf(register, 201)).toEqual([
    'begin',
    'claim_idempotency_key',
    'insert_families',
    'store_idempotent_response',
    'commit',
  ]);
});

test('signing in is one query', async () => {
  const { email } = await service.family();
  const signIn = () => service.anonymous.send('POST', '/api/sessions', { email, password });
  expect(await namesOf(signIn, 201)).toEqual(['find_account']);
});

test('asking who one is takes none', async () => {
  const client = await service.family();
  expect(await namesOf(() => client.send('GET', '/api/sessions'), 200)).toEqual([]);
});

test('reading a family is one query, however many children it has', async () => {
  const children = Array.from({ length: 20 }, (_, index) => ({ name: `Child ${index}`, birthDate: '2017-04-02' }));
  const client = await service.family({ children });
  expect(await namesOf(() => client.send('GET', `/api/families/${client.family.id}`), 200)).toEqual(['find_family']);
});

test.each<[string, (client: Guardian) => Promise<{ status: number }>, number]>([
  ['changing a family', (client) => client.send('PATCH', `/api/families/${client.family.id}`, { name: 'X' }), 200],
  [
    'adding a child',
    (client) =>
      client.send('POST', `/api/families/${client.family.id}/children`, { name: 'B', birthDate: '2017-04-02' }),
    201,
  ],
  [
    'removing a child',
    (client) => client.send('DELETE', `/api/families/${client.family.id}/children/${client.family.children[0].id}`),
    204,
  ],
])('%s is a transaction of three statements', async (_what, change, status) => {
  const client = await service.family({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
  expect(await namesOf(() => change(client), status)).toEqual([
    'begin',
    'lock_family',
    'find_family',
    'save_family',
    'commit',
  ]);
});

test('a page of a search is one query', async () => {
  const coordinator = await service.coordinator();
  const search = () => coordinator.send('GET', '/api/families?q=ngozi&near=44.9,-93.2&limit=100');
  expect(await namesOf(search, 200)).toEqual(['search_families_words_near']);
});

describe('an import', () => {
  const header = 'guardian_email,guardian_name,family_name,child_name,child_birth_date';
  /** Round trips of the importer itself, without those of the job. */
  const statements = async (csv: string): Promise<readonly string[]> => {
    const { names } = await service.counter.during(() => service.importNow(csv));
    return names;
  };
  const rowsOf = (emails: readonly string[], child: string): string =>
    [header, ...emails.map((email) => `${email},G,F,${child},2017-04-02`)].join('\n');

  test('of 500 families takes a few round trips, whether they are new, gain a child, or are here already', async () => {
    const emails = Array.from({ length: 500 }, newEmail);
    expect(await statements(rowsOf(emails, 'Maya'))).toEqual([
      'find_families_by_emails',
      'begin',
      'insert_families',
      'commit',
    ]);
    expect(await statements(rowsOf(emails, 'Ben'))).toEqual([
      'find_families_by_emails',
      'begin',
      'lock_families_by_emails',
      'find_families_by_emails',
      'add_children_of_families',
      'commit',
    ]);
    expect(await statements(rowsOf(emails, 'Ben'))).toEqual(['find_families_by_emails', 'begin', 'commit']);
  });

  test('of twice as many rows is twice as many batches, and no round trip per row', async () => {
    const names = await statements(rowsOf(Array.from({ length: 1_000 }, newEmail), 'Maya'));
    expect(names).toHaveLength(8);
  });
});

test('a registration waits for nothing but Postgres: with Redis hanging it still answers 201', async () => {
  const target = new URL((await testRedis()).sessionsUrl);
  const proxy = await startFaultProxy({ target: { host: target.hostname, port: Number(target.port) } });
  const alone = await startHarness({ redisUrl: proxy.through(target.href), env: { RATE_LIMIT_PER_MINUTE: '100' } });
  try {
    for (const fault of [() => proxy.hang(), () => proxy.refuse()]) {
      fault();
      const registered = await alone.anonymous.send('POST', '/api/families', registrationOf());
      expect(registered.status).toBe(201);
      // the control: what does need Redis says so
      const given = { email: registered.body.guardians[0].email, password };
      const signIn = await alone.anonymous.send('POST', '/api/sessions', given);
      expect([signIn.status, signIn.body.code]).toEqual([503, 'sessions_unavailable']);
      expect(Number(signIn.headers['retry-after'])).toBeGreaterThan(0);
    }
  } finally {
    await alone.close();
    await proxy.close();
  }
});
