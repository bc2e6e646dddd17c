import { isRefused } from '@homeroom/chassis';
import { firstCoopId } from '@homeroom/contracts';
import { readCoops, type Coop } from '@homeroom/coops';
import { createTestDatabase, withClient } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { findAccount, saveCoordinator, saveOperator } from '../src/accounts/store.ts';
import { changeCoop } from '../src/coops/change-coop.ts';
import { configured } from '../src/coops/coop.ts';
import { openCoop } from '../src/coops/open-coop.ts';
import { openPasswords } from '../src/credentials/passwords.ts';
import {
  clientOf,
  newEmail,
  password,
  registrationOf,
  startHarness,
  type Answer,
  type Body,
  type Client,
  type Harness,
} from './harness.ts';

/*
 * Two co-ops with equal data, side by side in one database: the same addresses, names, and Idempotency-Keys. Each is asked on
 * its own host.
 */

const roster = (email: string): string =>
  ['guardian_email,guardian_name,family_name,child_name,child_birth_date', `${email},G,Imported,Ben,2018-05-03`].join(
    '\n',
  );
const key = { 'idempotency-key': 'the-same-key-in-both' };
const csv = { 'content-type': 'text/csv' };
const registration = registrationOf({
  name: 'Okafor',
  guardian: { name: 'Ngozi Okafor', email: 'ngozi@example.org', password },
  address: { latitude: 44.97, longitude: -93.26 },
  children: [{ name: 'Maya', birthDate: '2017-04-02' }],
});
const { email } = registration.guardian;

/** A co-op, its people, and its host. */
interface Side {
  readonly coop: Coop;
  readonly host: string;
  readonly anonymous: Client;
  readonly guardian: Client;
  readonly coordinator: Client;
  readonly family: Body;
  readonly importId: string;
  readonly as: (cookie: string | undefined) => Client;
  readonly signIn: (email: string, secret?: string, headers?: Record<string, string>) => Promise<Answer>;
}

let service: Harness;
let willow: Side;
let birch: Side;

const cookieOf = ({ status, headers }: Answer, name = 'homeroom'): string => {
  expect(status).toBe(201);
  const cookies = [headers['set-cookie'] ?? []].flat().map((cookie) => String(cookie).split(';')[0] ?? '');
  return cookies.find((cookie) => cookie.startsWith(`${name}=`)) ?? '';
};

async function populate(coop: Coop): Promise<Side> {
  const host = coop.hosts[0] ?? '';
  const as: Side['as'] = (cookie) => clientOf(service.app, cookie, host);
  const anonymous = as(undefined);
  const signIn: Side['signIn'] = (address, secret = password, headers = {}) =>
    anonymous.send('POST', '/api/sessions', { email: address, password: secret }, headers);
  const passwordHash = await openPasswords({ secret: '', concurrent: 1, queued: 0 }).hash(password);
  const db = service.database.ofCoop(coop.coopId);
  await saveCoordinator(db, { id: uuidv7(), email: 'robin@example.org', name: 'Robin', passwordHash });
  const registered = await anonymous.send('POST', '/api/families', registration, key);
  expect(registered.status).toBe(201);
  const coordinator = as(cookieOf(await signIn('robin@example.org')));
  const imported = await coordinator.send('POST', '/api/families/import', roster('ben@example.org'), {
    ...csv,
    ...key,
  });
  expect(imported.status).toBe(202);
  const guardian = as(cookieOf(await signIn(email)));
  return {
    ...{ coop, host, anonymous, guardian, coordinator, as, signIn },
    family: registered.body,
    importId: imported.body.id,
  };
}

/** What the process's poll does. */
async function follow(): Promise<void> {
  for (const coop of (await readCoops(service.database, { revision: 0 })).coops) service.coops.put(coop);
}

beforeAll(async () => {
  service = await startHarness({
    env: { SIGN_IN_SLOWDOWN_AFTER: '4', SIGN_IN_SLOWDOWN_SECONDS: '600', SIGN_IN_FAILURES_PER_ADDRESS: '0' },
  });
  const decide = (coop: Coop) => configured(coop, { hosts: ['willow.example'] });
  const first = await changeCoop(service, { slug: 'homeroom', verb: 'configured', decide });
  const given = { slug: 'birch', name: 'Birch Lane', hosts: ['birch.example'], quotas: {} };
  const settings = { timeZone: 'Europe/London', currency: 'GBP', locale: 'en-GB' };
  const request = { given: { ...given, ...settings }, operatorId: randomUUID(), idempotencyKey: undefined, limit: 2 };
  const second = await openCoop(service, request);
  if (isRefused(first) || isRefused(second)) throw new Error('a co-op was refused');
  await follow();
  willow = await populate(first);
  birch = await populate(second);
  await service.runImports();
});
afterAll(() => service.close());

/** Every row of a co-op, whatever table it is in. */
const rowsOf = async ({ coop }: Side): Promise<unknown> => {
  const tables = [
    'families',
    'guardians',
    'children',
    'accounts',
    'account_tokens',
    'idempotency_keys',
    'import_jobs',
    'outbox',
  ];
  const contents = tables.map((table) =>
    service.rows(`select t::text from ${table} t where coop_id = $1 order by 1`, coop.coopId),
  );
  return Object.fromEntries((await Promise.all(contents)).map((rows, index) => [tables[index], rows]));
};

/** Does `work`, which must leave the rows of a co-op as they are. */
const leaving = async <T>(side: Side, work: () => Promise<T>): Promise<T> => {
  const before = await rowsOf(side);
  const outcome = await work();
  expect(await rowsOf(side)).toEqual(before);
  return outcome;
};

const both = (): [Side, Side][] => [
  [willow, birch],
  [birch, willow],
];
/** Another family with one address in both. */
async function registerInBoth(): Promise<string> {
  const given = registrationOf();
  for (const { anonymous } of [willow, birch]) {
    expect((await anonymous.send('POST', '/api/families', given)).status).toBe(201);
  }
  return given.guardian.email;
}

describe('equal data of two co-ops', () => {
  test('is two families, two accounts, and two imports, also for one Idempotency-Key', async () => {
    expect(willow.coop.coopId).toBe(firstCoopId);
    expect(birch.family.id).not.toBe(willow.family.id);
    expect(birch.importId).not.toBe(willow.importId);
    for (const [side, other] of both()) {
      const again = await leaving(other, () => side.anonymous.send('POST', '/api/families', registration, key));
      expect([again.status, again.body.id]).toEqual([201, side.family.id]);
      const headers = { ...csv, ...key };
      const job = await side.coordinator.send('POST', '/api/families/import', roster('ben@example.org'), headers);
      expect([job.status, job.body.id]).toEqual([202, side.importId]);
      const { body } = await side.coordinator.send('GET', `/api/families/import/${side.importId}`);
      expect(body.report).toMatchObject({ created: 1, unchanged: 0 });
    }
  });

  test('is found, listed, and counted in its own co-op only', async () => {
    for (const [side, other] of both()) {
      const idsOf = async (query: string): Promise<string[]> =>
        (await side.coordinator.send('GET', `/api/families?${query}`)).body.items.map(({ id }) => id);
      for (const query of ['q=okafor', 'q=maya', 'near=44.97,-93.26,10']) {
        expect(await idsOf(query)).toEqual([side.family.id]);
      }
      const all = await idsOf('limit=100');
      expect(all).toHaveLength(2);
      expect(all).not.toContain(other.family.id);
    }
    // the control: what keeps them apart is the co-op alone
    const found = `select from families where search_words @@ 'okafor'::tsquery`;
    expect(await service.rows(found)).toHaveLength(2);
  });

  test('is 404 to the coordinator of the other co-op, who changes nothing', async () => {
    for (const [side, other] of both()) {
      const url = `/api/families/${other.family.id}`;
      const answers = await leaving(other, async () => [
        await side.coordinator.send('GET', url),
        await side.coordinator.send('PATCH', url, { name: 'Changed' }),
        await side.coordinator.send('POST', `${url}/children`, { name: 'Another', birthDate: '2018-01-01' }),
        await side.coordinator.send('PATCH', `${url}/children/${other.family.children[0].id}`, { name: 'Changed' }),
        await side.coordinator.send('DELETE', `${url}/children/${other.family.children[0].id}`),
        await side.coordinator.send('GET', `/api/families/import/${other.importId}`),
      ]);
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
        ...Array<unknown>(5).fill([404, 'family_not_found']),
        [404, 'import_not_found'],
      ]);
      expect((await other.coordinator.send('GET', url)).status).toBe(200);
    }
  });

  test('is published with its co-op', async () => {
    const rows = await service.rows<{ coop_id: string; named: string; type: string }>(
      `select coop_id, headers->>'ce_coopid' as named, headers->>'ce_type' as type from outbox
      where headers->>'ce_type' not like '%coop%' order by type`,
    );
    for (const { coop_id: coopId, named } of rows) expect(named).toBe(coopId);
    const [ofWillow, ofBirch] = [willow, birch].map(({ coop }) =>
      rows.filter(({ coop_id: coopId }) => coopId === coop.coopId).map(({ type }) => type),
    );
    expect(ofWillow).toContain('homeroom.family.registered.v1');
    expect(ofBirch).toEqual(ofWillow);
  });

  test('is continued by no cursor of the other co-op', async () => {
    for (const [side, other] of both()) {
      const { body } = await side.coordinator.send('GET', '/api/families?limit=1');
      const next = `/api/families?limit=1&cursor=${body.nextCursor}`;
      expect((await other.coordinator.send('GET', next)).body.code).toBe('invalid_cursor');
      expect((await side.coordinator.send('GET', next)).body.items).toHaveLength(1);
    }
  });
});

test('files that wait in one co-op keep none of another out', async () => {
  await service.rows(
    `insert into import_jobs (coop_id, import_id, requested_by, request_hash, options, file)
    select $1, gen_random_uuid(), 'someone', n::text, '{}', '' from generate_series(1, 50) n`,
    willow.coop.coopId,
  );
  try {
    const importing = ({ coordinator }: Side) =>
      coordinator.send('POST', '/api/families/import', roster(newEmail()), csv);
    expect((await importing(willow)).body.code).toBe('too_many_imports');
    expect((await importing(birch)).status).toBe(202);
  } finally {
    await service.rows(`delete from import_jobs where status = 'queued'`);
  }
});

describe('a session of one co-op', () => {
  const newPassword = 'seven quiet otters by the river';
  const requests = ({ family, importId }: Side): [Parameters<Client['send']>[0], string, unknown?][] => {
    const url = `/api/families/${family.id}`;
    return [
      ['GET', '/api/sessions'],
      ['GET', '/api/families'],
      ['GET', url],
      ['GET', `/api/families/import/${importId}`],
      ['POST', '/api/families/import', roster(newEmail())],
      ['PATCH', url, { name: 'Changed' }],
      ['POST', `${url}/children`, { name: 'Another', birthDate: '2018-01-01' }],
      ['PATCH', `${url}/children/${family.children[0].id}`, { name: 'Changed' }],
      ['DELETE', `${url}/children/${family.children[0].id}`],
      ['POST', '/api/email-verifications'],
      ['PUT', '/api/account/password', { currentPassword: password, password: newPassword }],
      ['DELETE', '/api/sessions?everywhere=true'],
    ];
  };
  const sendAll = async (client: Client, side: Side): Promise<Set<string>> => {
    const answers = new Set<string>();
    for (const [method, url, body] of requests(side)) {
      const answer = await client.send(method, url, body, typeof body === 'string' ? csv : {});
      answers.add(`${answer.status} ${answer.body.code}`);
    }
    return answers;
  };

  test('is none on the host of another, whichever co-op the rows belong to', async () => {
    for (const [side, other] of both())
      for (const { cookie } of [side.guardian, side.coordinator])
        await leaving(side, () =>
          leaving(other, async () => {
            expect(await sendAll(other.as(cookie), side)).toEqual(new Set(['401 unauthenticated']));
            expect(await sendAll(other.as(cookie), other)).toEqual(new Set(['401 unauthenticated']));
            expect((await side.as(cookie).send('GET', '/api/sessions')).status).toBe(200);
          }),
        );
  });

  test('is none on the host of no co-op', async () => {
    const lost = clientOf(service.app, willow.guardian.cookie, 'elsewhere.example');
    expect((await lost.send('GET', '/api/sessions')).status).toBe(401);
    expect((await lost.send('GET', `/api/families/${willow.family.id}`)).body.code).toBe('unknown_host');
  });

  test('control: when the other co-op is closed, its host is one of the only co-op, and the session is one there', async () => {
    const { coop, as } = birch;
    service.coops.put({ ...coop, version: coop.version + 1, status: 'closed' });
    try {
      const url = `/api/families/${willow.family.id}`;
      expect((await as(willow.guardian.cookie).send('GET', url)).status).toBe(200);
      expect((await as(birch.guardian.cookie).send('GET', '/api/sessions')).status).toBe(401);
    } finally {
      service.coops.put({ ...coop, version: coop.version + 2 });
    }
    expect((await as(willow.guardian.cookie).send('GET', '/api/sessions')).status).toBe(401);
  });
});

describe('an address that has an account in two co-ops', () => {
  test('signs in to that of the host, with its own password, verification, and reset', async () => {
    const address = await registerInBoth();
    const other = 'another long password';
    const tokens = await service.tokens(address, 'verification');
    const confirm = (side: Side, token: string | undefined) =>
      side.anonymous.send('POST', '/api/email-verifications/confirm', { token });
    expect((await confirm(birch, tokens[0])).body.code).toBe('token_invalid');
    expect((await confirm(birch, tokens[1])).status).toBe(204);
    expect((await confirm(willow, tokens[1])).body.code).toBe('token_invalid');
    const verified = async ({ coop }: Side): Promise<boolean | undefined> =>
      (await findAccount(service.database.ofCoop(coop.coopId), address))?.emailVerified;
    expect([await verified(willow), await verified(birch)]).toEqual([false, true]);

    const atWillow = willow.as(cookieOf(await willow.signIn(address)));
    const token = await leaving(willow, async () => {
      await birch.anonymous.send('POST', '/api/password-resets', { email: address });
      return (await service.tokens(address, 'password-reset')).at(-1);
    });
    const reset = (side: Side) =>
      side.anonymous.send('POST', '/api/password-resets/confirm', { token, password: other });
    expect((await reset(willow)).body.code).toBe('token_invalid');
    expect((await leaving(willow, () => reset(birch))).status).toBe(204);
    expect((await atWillow.send('GET', '/api/sessions')).status).toBe(200);
    expect([await willow.signIn(address), await birch.signIn(address, other)].map(({ status }) => status)).toEqual([
      201, 201,
    ]);
    for (const [side, secret] of [
      [willow, other],
      [birch, password],
    ] as const)
      expect((await side.signIn(address, secret)).body.code).toBe('wrong_credentials');
  });

  test('is slowed in the co-op in which it is attacked, and a device is known in the co-op that knows it', async () => {
    const address = await registerInBoth();
    const device = cookieOf(await willow.signIn(address), 'homeroom-device');
    const guess = async (side: Side): Promise<string[]> => {
      const codes = [];
      for (let time = 0; time < 7; time++) codes.push((await side.signIn(address, 'a wrong password')).body.code);
      return codes;
    };
    expect((await guess(willow)).at(-1)).toBe('too_many_attempts');
    expect((await willow.signIn(address)).status).toBe(429);
    expect((await birch.signIn(address)).status).toBe(201);
    const [attacked] = await service.rows(
      `select coop_id from outbox where headers->>'ce_type' like '%attacked%' and convert_from(payload, 'UTF8') like $1`,
      `%${address}%`,
    );
    expect(attacked).toEqual({ coop_id: firstCoopId });

    await guess(birch);
    expect((await birch.signIn(address, password, { cookie: device })).status).toBe(429);
    expect((await willow.signIn(address, password, { cookie: device })).status).toBe(201);
  });

  test('gets the mails of one co-op when the other has sent as many as it may', async () => {
    const address = await registerInBoth();
    const ask = ({ anonymous }: Side) => anonymous.send('POST', '/api/password-resets', { email: address });
    for (let time = 0; time < 4; time++) await ask(willow);
    expect(await service.tokens(address, 'password-reset')).toHaveLength(3);
    await ask(birch);
    expect(await service.tokens(address, 'password-reset')).toHaveLength(4);
  });

  test('is asked for in its co-op: of an address that only the other one knows, nothing is sent', async () => {
    const given = registrationOf();
    await willow.anonymous.send('POST', '/api/families', given);
    const { email: address } = given.guardian;
    await birch.anonymous.send('POST', '/api/password-resets', { email: address });
    expect(await service.tokens(address, 'password-reset')).toEqual([]);
    expect((await birch.signIn(address)).body.code).toBe('wrong_credentials');
    expect((await birch.anonymous.send('POST', '/api/families', given)).status).toBe(201);
  });
});

describe('an operator', () => {
  const secret = 'a password for all co-ops';
  const add = async (): Promise<string> => {
    const address = newEmail();
    const passwordHash = await openPasswords({ secret: '', concurrent: 1, queued: 0 }).hash(secret);
    await saveOperator(service.database, { id: uuidv7(), email: address, name: 'Ada', passwordHash });
    return address;
  };
  const elsewhere = () => clientOf(service.app, undefined, 'elsewhere.example');

  test('signs in on every host, and is signed in on all of them', async () => {
    const address = await add();
    const lost = await elsewhere().send('POST', '/api/sessions', { email: address, password: secret });
    for (const answer of [await willow.signIn(address, secret), await birch.signIn(address, secret), lost]) {
      const cookie = cookieOf(answer);
      expect(answer.body.principal).toEqual({ accountId: expect.any(String), role: 'operator' });
      for (const host of [willow.host, birch.host, 'elsewhere.example']) {
        expect((await clientOf(service.app, cookie, host).send('GET', '/api/coops')).status).toBe(200);
      }
    }
    const client = birch.as(cookieOf(await birch.signIn(address, secret)));
    const changed = { currentPassword: secret, password: 'another password for all' };
    expect((await client.send('PUT', '/api/account/password', changed)).status).toBe(204);
    expect((await willow.signIn(address, changed.password)).status).toBe(201);
  });

  test('pages through co-ops from host to host', async () => {
    const cookie = cookieOf(await willow.signIn(await add(), secret));
    const { body } = await willow.as(cookie).send('GET', '/api/coops?limit=1');
    const next = await birch.as(cookie).send('GET', `/api/coops?limit=1&cursor=${body.nextCursor}`);
    expect(next.body.items).toMatchObject([{ slug: 'homeroom' }]);
  });

  test('whose address has an account in a co-op, signs in to that there', async () => {
    const address = await add();
    const given = registrationOf({ guardian: { name: 'Ada Okafor', email: address, password } });
    expect((await willow.anonymous.send('POST', '/api/families', given)).body.code).toBe('email_taken');
    expect((await birch.anonymous.send('POST', '/api/families', given)).status).toBe(201);
    expect((await birch.signIn(address)).body.principal.role).toBe('guardian');
    expect((await birch.signIn(address, secret)).body.code).toBe('wrong_credentials');
    expect((await willow.signIn(address, secret)).body.principal.role).toBe('operator');
  });

  test('is guessed at no faster on many hosts', async () => {
    const address = await add();
    const codes = [];
    for (let time = 0; time < 3; time++)
      for (const { anonymous } of [willow, birch, { anonymous: elsewhere() }]) {
        const given = { email: address, password: 'a wrong password' };
        codes.push((await anonymous.send('POST', '/api/sessions', given)).body.code);
      }
    expect(codes).toEqual([
      ...Array<string>(5).fill('wrong_credentials'),
      ...Array<string>(4).fill('too_many_attempts'),
    ]);
  });
});

test('with the second co-op, what serves version 0.2 is dropped', async () => {
  const kept = `select conname from pg_constraint where conname like '%\\_before\\_coops'`;
  expect(await service.rows(kept)).toEqual([]);
  // control: it is there before
  const alone = await createTestDatabase('families', { replica: false });
  try {
    await withClient(alone.url, async (client) => expect((await client.query(kept)).rows).not.toEqual([]));
  } finally {
    await alone.drop();
  }
});
