import { migrate } from '@homeroom/postgres';
import { createTestDatabase, withClient } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { firstCoopId } from '@homeroom/contracts';
import { readdir, readFile } from 'node:fs/promises';
import { v7 as uuidv7 } from 'uuid';
import { findAccount, saveCoordinator } from '../src/accounts/store.ts';
import { importRoster } from '../src/roster/import-roster.ts';
import { openPasswords } from '../src/credentials/passwords.ts';
import {
  clientOf,
  newEmail,
  password,
  registrationOf,
  startBeside,
  startHarness,
  type Client,
  type Harness,
} from './harness.ts';
import { asRelease02, texts } from './release-0.2.ts';

/*
 * Version 0.2 knows no co-ops. During an upgrade it runs beside this version, after a rollback alone: what it writes belongs to
 * the first co-op.
 */

let service: Harness;
/** A process of each version. */
let processes: { old: Client; new: Client };
beforeAll(async () => {
  service = await startHarness();
  processes = {
    old: clientOf(await startBeside(service, asRelease02(service.database))),
    new: service.anonymous,
  };
});
afterAll(() => service.close());

const folder = new URL('../migrations/', import.meta.url);
const tables = [
  ...['families', 'guardians', 'children', 'accounts', 'account_tokens', 'outbox', 'idempotency_keys'],
  ...['import_jobs', 'import_batches'],
];

test('what an existing installation has belongs to the first co-op', async () => {
  const files = (await readdir(folder)).sort();
  const before = files.slice(
    0,
    files.findIndex((name) => name.includes('rows_belong_to_co_ops')),
  );
  const migrations = await Promise.all(before.map((file) => readFile(new URL(file, folder), 'utf8')));
  const database = await createTestDatabase({ migrations }, { replica: false });
  try {
    await withClient(database.url, async (client) => {
      await client.query(`with family as (
          insert into families (id, version, name, search_words, sort_name)
          values (gen_random_uuid(), 1, 'Okafor', '', 'okafor') returning id
        ), guardian as (
          insert into guardians (id, family_id, position, name, email)
          select gen_random_uuid(), id, 0, 'Ngozi', 'ngozi@example.org' from family returning id, family_id
        ), child as (
          insert into children (id, family_id, name, birth_date) select gen_random_uuid(), id, 'Maya', '2017-04-02' from family
        ), account as (
          insert into accounts (id, email, role, family_id) select id, 'ngozi@example.org', 'guardian', family_id from guardian
          returning id
        ), token as (
          insert into account_tokens (token_hash, account_id, purpose, expires_at)
          select 'x', id, 'verify_email', now() from account
        ), key as (
          insert into idempotency_keys (principal, key, request_hash) values ('p', 'k', 'h')
        ), job as (
          insert into import_jobs (import_id, requested_by, request_hash, options)
          values (gen_random_uuid(), 'a', 'h', '{}') returning import_id
        ), batch as (
          insert into import_batches (import_id, batch, outcome) select import_id, 0, '[]' from job
        )
        insert into outbox (id, topic, key, headers, payload) values (gen_random_uuid(), 't', 'k', '{}', '')`);
      await migrate({ url: database.url, directory: folder });
      for (const table of tables) {
        const { rows } = await client.query(`select coop_id from ${table}`);
        expect([table, rows]).toEqual([table, [{ coop_id: firstCoopId }]]);
      }
      const { rows } = await client.query('select email, email_address from accounts');
      expect(rows).toEqual([{ email: 'ngozi@example.org', email_address: 'ngozi@example.org' }]);
    });
  } finally {
    await database.drop();
  }
});

const sides = [
  ['old', 'new'],
  ['new', 'old'],
] as const;
type Side = keyof typeof processes;

const signIn = async (by: Side, email: string, secret = password): Promise<Client> => {
  const { status, headers } = await processes[by].send('POST', '/api/sessions', { email, password: secret });
  expect([by, status]).toEqual([by, 201]);
  const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
  const send: Client['send'] = (method, url, body, given) =>
    processes[by].send(method, url, body, { cookie, ...given });
  return { send, cookie };
};

describe.each(sides)('what the %s version writes, the %s one', (writer, other) => {
  const register = async (given = registrationOf({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] })) => {
    const { status, body } = await processes[writer].send('POST', '/api/families', given);
    expect(status).toBe(201);
    return { family: body, email: given.guardian.email };
  };

  test('reads, finds, and changes', async () => {
    const { family, email } = await register(registrationOf({ name: `Side ${writer}` }));
    const client = await signIn(other, email);
    const url = `/api/families/${family.id}`;
    expect((await client.send('GET', url)).body).toEqual(family);
    const child = { name: 'Ben', birthDate: '2018-05-03' };
    expect((await client.send('POST', `${url}/children`, child)).status).toBe(201);
    const renamed = await (await signIn(writer, email)).send('PATCH', url, { name: `Renamed ${writer}` });
    expect(renamed.body).toMatchObject({ version: 3, children: [child] });
    const { cookie = '' } = await service.coordinator();
    const found = await processes[other].send('GET', `/api/families?q=renamed%20${writer}`, undefined, { cookie });
    expect(found.body.items).toHaveLength(1);
    const events = await service.outbox(family.id);
    expect(events.map(({ data }) => data.version)).toEqual([1, 2, 3]);
  });

  test('refuses as an address that is taken', async () => {
    const { email } = await register();
    const again = registrationOf({ guardian: { name: 'Someone else', email, password } });
    expect((await processes[other].send('POST', '/api/families', again)).body.code).toBe('email_taken');
  });

  test('answers again for its Idempotency-Key', async () => {
    const headers = { 'idempotency-key': uuidv7() };
    const given = registrationOf();
    const first = await processes[writer].send('POST', '/api/families', given, headers);
    const second = await processes[other].send('POST', '/api/families', given, headers);
    expect([second.status, second.body.id]).toEqual([201, first.body.id]);
  });

  test('takes the links of its mails for', async () => {
    const { email } = await register();
    const [token] = await service.tokens(email, 'verification');
    const confirmed = await processes[other].send('POST', '/api/email-verifications/confirm', { token });
    expect(confirmed.status).toBe(204);
    await processes[writer].send('POST', '/api/password-resets', { email });
    const [reset] = await service.tokens(email, 'password-reset');
    const given = { token: reset, password: 'seven quiet otters by the river' };
    expect((await processes[other].send('POST', '/api/password-resets/confirm', given)).status).toBe(204);
    await signIn(writer, email, given.password);
  });

  test('gives a new password and name, as a coordinator', async () => {
    const dbs = { old: asRelease02(service.database).ofCoop(firstCoopId), new: service.db };
    const passwordHash = await openPasswords({ secret: '', concurrent: 1, queued: 0 }).hash(password);
    const robin = { id: uuidv7(), email: newEmail(), name: 'Robin', passwordHash };
    expect(await saveCoordinator(dbs[writer], robin)).toBe('added');
    expect(await saveCoordinator(dbs[other], { ...robin, id: uuidv7() })).toBe('changed');
    expect(await findAccount(dbs[writer], robin.email)).toMatchObject({ principal: { accountId: robin.id } });
    await signIn(other, robin.email);
  });

  test('leaves as it is in an import', async () => {
    const { email } = await register();
    await service.verify(email);
    const passwords = openPasswords({ secret: '', concurrent: 1, queued: 0 });
    const csv = [
      'guardian_email,guardian_name,family_name,child_name,child_birth_date',
      ...[`${email},N,O,Maya,2017-04-02`, `${newEmail()},A,B,Ben,2018-05-03`],
    ].join('\n');
    const db = (by: Side) => (by === 'old' ? asRelease02(service.database) : service.database).ofCoop(firstCoopId);
    const file = { bytes: Buffer.from(csv), preview: false };
    expect(await importRoster({ db: db(other), passwords }, file)).toMatchObject({ created: 1, unchanged: 1 });
    expect(await importRoster({ db: db(writer), passwords }, file)).toMatchObject({ created: 0, unchanged: 2 });
  });
});

test('an attack is published by the old version too', async () => {
  const { email } = await service.family();
  const statement = { name: 'test_attack', text: texts.publish_sign_in_attack };
  const values = [email, uuidv7(), 'topic', 'placeholder', '{}', 'placeholder'];
  await service.database.query({ ...statement, values });
  const [row] = await service.rows(`select coop_id, key from outbox where topic = 'topic'`);
  expect(row).toMatchObject({ coop_id: firstCoopId });
});

test('what the old version does, it does with every statement of its own', async () => {
  const { names } = await service.counter.during(async () => {
    const given = registrationOf({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
    await processes.old.send('POST', '/api/families', given, { 'idempotency-key': uuidv7() });
    const client = await signIn('old', given.guardian.email);
    await client.send('POST', '/api/email-verifications');
    await client.send('PUT', '/api/account/password', { currentPassword: password, password: 'seven quiet otters' });
  });
  expect(names.filter((name) => !/_0_2$|^(begin|commit|find_account_names)$/.test(name))).toEqual([]);
});

test.each([
  ['accounts', 'save_coordinator', [uuidv7(), 'c@example.org', 'C', 'h', uuidv7(), 't', 'p', '{}', 'p']],
  ['idempotency_keys', 'claim_idempotency_key', ['p', 'k', 'h']],
  ['children', 'save_family', ['{}', uuidv7(), 't', 'k', '{}', Buffer.alloc(0)]],
] as const)('control: without %s_before_coops its %s is refused', async (table, name, values) => {
  const attempt = (left: boolean): Promise<unknown> =>
    service.database.transaction(async (trx) => {
      if (!left)
        await trx.query({ name: `drop_${table}`, text: `alter table ${table} drop constraint ${table}_before_coops` });
      await trx.query({ name: `control_${name}_${left}`, text: texts[name], values });
      throw new Error('rolled back');
    });
  await expect(attempt(true)).rejects.toThrow('rolled back');
  await expect(attempt(false)).rejects.toMatchObject({ code: '42P10' });
});
