import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { newEmail, password, registrationOf, startHarness, type Harness } from '../harness.ts';

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.close());

describe('POST /api/families', () => {
  test('registers a family with its guardian, address and children', async () => {
    const email = newEmail();
    const { status, headers, body } = await service.anonymous.send('POST', '/api/families', {
      name: 'Okafor',
      guardian: { name: 'Ngozi Okafor', email: email.toUpperCase(), password, phone: '+1 612 555 0100' },
      address: { street: '12 Elm St', city: 'Minneapolis', postalCode: '55401', latitude: 44.98, longitude: -93.27 },
      children: [{ name: 'Maya', birthDate: '2017-04-02' }],
    });
    expect(status).toBe(201);
    expect(headers['location']).toBe(`/api/families/${body.id}`);
    expect(headers['etag']).toMatch(/^"1-/);
    expect(headers['set-cookie']).toBeUndefined();
    expect(body).toEqual({
      id: expect.any(String),
      version: 1,
      name: 'Okafor',
      address: { street: '12 Elm St', city: 'Minneapolis', postalCode: '55401', latitude: 44.98, longitude: -93.27 },
      guardians: [
        { id: expect.any(String), name: 'Ngozi Okafor', email, emailVerified: false, phone: '+1 612 555 0100' },
      ],
      children: [{ id: expect.any(String), name: 'Maya', birthDate: '2017-04-02' }],
    });
    const reader = await service.signIn(email);
    expect((await reader.send('GET', `/api/families/${body.id}`)).body).toEqual(body);
    expect(await service.outbox(body.id)).toEqual([
      {
        type: 'homeroom.family.registered.v1',
        key: body.id,
        data: {
          familyId: body.id,
          version: 1,
          name: 'Okafor',
          guardians: [{ guardianId: body.guardians[0].id, name: 'Ngozi Okafor', email, emailVerified: false }],
          children: [{ childId: body.children[0].id, name: 'Maya', birthDate: '2017-04-02' }],
        },
      },
    ]);
  });

  test('never stores or reveals the password', async () => {
    const secret = 'a very particular password';
    const given = registrationOf({ guardian: { name: 'N', email: newEmail(), password: secret } });
    const { body } = await service.anonymous.send('POST', '/api/families', given, { 'idempotency-key': uuidv7() });
    expect(JSON.stringify(body)).not.toContain(secret);
    const [row] = await service.rows(`select
      (select string_agg(f::text, '') from families f) || (select string_agg(g::text, '') from guardians g) ||
      (select string_agg(a::text, '') from accounts a) || (select string_agg(convert_from(payload, 'UTF8'), '') from outbox) ||
      (select string_agg(i::text, '') from idempotency_keys i) as everything`);
    const everything = String(row?.['everything']);
    expect(everything).not.toContain(secret);
    expect(everything).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
  });

  test('refuses an email that has an account, in any case, and writes nothing', async () => {
    const { email } = await service.family();
    const before = (await service.outbox()).length;
    const again = registrationOf({ guardian: { name: 'Other', email: email.toUpperCase(), password } });
    const { status, headers, body } = await service.anonymous.send('POST', '/api/families', again);
    expect([status, body.code]).toEqual([409, 'email_taken']);
    expect(headers['content-type']).toMatch('application/problem+json');
    expect(await service.rows('select from guardians where email = $1', email)).toHaveLength(1);
    expect(await service.outbox()).toHaveLength(before);
  });

  test('lets one of two simultaneous registrations of an email win', async () => {
    const email = newEmail();
    const attempts = Array.from({ length: 4 }, () =>
      service.anonymous.send('POST', '/api/families', registrationOf({ guardian: { name: 'N', email, password } })),
    );
    const statuses = (await Promise.all(attempts)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 409, 409, 409]);
    expect(await service.rows('select from guardians where email = $1', email)).toHaveLength(1);
  });

  test('refuses the same child twice', async () => {
    const child = { name: 'Maya', birthDate: '2017-04-02' };
    const twice = registrationOf({ children: [child, { ...child, name: ' Maya ' }] });
    const { status, body } = await service.anonymous.send('POST', '/api/families', twice);
    expect([status, body.code]).toEqual([409, 'child_exists']);
  });

  describe('with an Idempotency-Key', () => {
    test('answers the same twice and registers once', async () => {
      const given = registrationOf();
      const headers = { 'idempotency-key': uuidv7() };
      const first = await service.anonymous.send('POST', '/api/families', given, headers);
      const second = await service.anonymous.send('POST', '/api/families', given, headers);
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.body).toEqual(first.body);
      expect(second.headers['location']).toBe(first.headers['location']);
      expect(await service.outbox(first.body.id)).toHaveLength(1);
    });

    test('refuses the key for another request, also when only the password differs', async () => {
      const given = registrationOf();
      const headers = { 'idempotency-key': uuidv7() };
      await service.anonymous.send('POST', '/api/families', given, headers);
      const other = { ...given, guardian: { ...given['guardian'], password: 'something else' } };
      const { status, body } = await service.anonymous.send('POST', '/api/families', other, headers);
      expect([status, body.code]).toEqual([422, 'idempotency_key_reused']);
    });

    test('does not remember a refusal', async () => {
      const { email } = await service.family();
      const headers = { 'idempotency-key': uuidv7() };
      const given = registrationOf({ guardian: { name: 'N', email, password } });
      expect((await service.anonymous.send('POST', '/api/families', given, headers)).body.code).toBe('email_taken');
      expect(await service.rows('select from idempotency_keys where key = $1', headers['idempotency-key'])).toEqual([]);
    });

    test('keeps keys of different emails apart', async () => {
      const headers = { 'idempotency-key': 'one' };
      const statuses = [];
      for (const given of [registrationOf(), registrationOf()]) {
        statuses.push((await service.anonymous.send('POST', '/api/families', given, headers)).status);
      }
      expect(statuses).toEqual([201, 201]);
    });
  });
});

describe('GET /api/families/:id', () => {
  test('answers 304 to a client that has this version', async () => {
    const client = await service.family();
    const url = `/api/families/${client.family.id}`;
    const { headers } = await client.send('GET', url);
    expect(headers['etag']).toMatch(/^"1-/);
    const again = await client.send('GET', url, undefined, { 'if-none-match': String(headers['etag']) });
    expect([again.status, again.body]).toEqual([304, '']);
    expect((await client.send('GET', url, undefined, { 'if-none-match': '"2"' })).status).toBe(200);
  });

  test('is never kept by caches', async () => {
    const client = await service.family();
    const { headers } = await client.send('GET', `/api/families/${client.family.id}`);
    expect(headers['cache-control']).toMatch(/no-store|private/);
  });

  test('answers 404 for an unknown id', async () => {
    const coordinator = await service.coordinator();
    const { status, body } = await coordinator.send('GET', `/api/families/${uuidv7()}`);
    expect([status, body.code]).toEqual([404, 'family_not_found']);
  });
});

describe('PATCH /api/families/:id', () => {
  test('changes name, address, and guardian, raises the version, and publishes the family', async () => {
    const client = await service.family({ address: { street: '12 Elm St', city: 'Minneapolis' } });
    const { id, guardians } = client.family;
    const url = `/api/families/${id}`;
    const changed = await client.send('PATCH', url, {
      name: 'Okafor-Lind',
      address: { city: 'Madison', latitude: 43.07, longitude: -89.4 },
      guardians: [{ id: guardians[0].id, name: 'Ngozi Lind', phone: '555 0101' }],
    });
    expect(changed.status).toBe(200);
    expect(changed.headers['etag']).toMatch(/^"2-/);
    expect(changed.body).toEqual({
      ...client.family,
      version: 2,
      name: 'Okafor-Lind',
      address: { city: 'Madison', latitude: 43.07, longitude: -89.4 },
      guardians: [{ ...guardians[0], name: 'Ngozi Lind', phone: '555 0101' }],
    });
    expect((await client.send('GET', url)).body).toEqual(changed.body);
    const published = (await service.outbox(id)).at(-1);
    expect(published).toMatchObject({ type: 'homeroom.family.changed.v1', data: { version: 2, name: 'Okafor-Lind' } });
    const without = await client.send('PATCH', url, {
      address: null,
      guardians: [{ id: guardians[0].id, phone: null }],
    });
    expect(without.body).not.toHaveProperty('address');
    expect(without.body.guardians[0]).not.toHaveProperty('phone');
  });

  test('writes and publishes nothing when nothing changes', async () => {
    const client = await service.family();
    const { status, headers } = await client.send('PATCH', `/api/families/${client.family.id}`, { name: 'Okafor' });
    expect([status, headers['etag']]).toEqual([200, expect.stringMatching(/^"1-/)]);
    expect(await service.outbox(client.family.id)).toHaveLength(1);
  });

  test('refuses with 412 when the family has changed since it was read', async () => {
    const client = await service.family();
    const url = `/api/families/${client.family.id}`;
    const change = (name: string, tag: string) => client.send('PATCH', url, { name }, { 'if-match': tag });
    expect((await change('A', '"1"')).status).toBe(200);
    const stale = await change('B', '"1"');
    expect([stale.status, stale.body.code]).toEqual([412, 'precondition_failed']);
    expect((await change('C', 'W/"2", "2"')).status).toBe(200);
    expect((await change('D', '*')).status).toBe(200);
    expect((await change('E', 'nonsense')).status).toBe(412);
    expect((await client.send('GET', url)).body).toMatchObject({ name: 'D', version: 4 });
  });

  test('lets a guardian of another family alone', async () => {
    const client = await service.family();
    const { status, body } = await client.send('PATCH', `/api/families/${client.family.id}`, {
      guardians: [{ id: uuidv7(), name: 'X' }],
    });
    expect([status, body.code]).toEqual([404, 'guardian_not_found']);
  });

  test('gives simultaneous changes versions in the order of their events', async () => {
    const client = await service.family();
    const { id } = client.family;
    const names = Array.from({ length: 8 }, (_, index) => `Name ${index}`);
    const answers = await Promise.all(names.map((name) => client.send('PATCH', `/api/families/${id}`, { name })));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect((await service.outbox(id)).map(({ data }) => data.version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
