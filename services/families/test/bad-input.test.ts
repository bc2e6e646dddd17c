import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jargonIn } from '@homeroom/testing';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { newEmail, password, registrationOf, startHarness, type Guardian, type Harness } from './harness.ts';

let service: Harness;
let client: Guardian;
beforeAll(async () => {
  service = await startHarness({ env: { REQUEST_TIMEOUT_MS: '1000' } });
  client = await service.family({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
});
afterAll(() => service.close());

const register = (given: object) => service.anonymous.send('POST', '/api/families', registrationOf(given));

describe('names are kept as people write them', () => {
  test.each([
    ['emoji', '👨‍👩‍👧‍👦 Family'],
    ['right to left', 'محمد العلي'],
    ['200 characters', 'ß'.repeat(200)],
    ['200 characters beyond the BMP', '𝕬'.repeat(200)],
    ['one character', '李'],
    ['SQL', `Robert'); drop table children;-- " \\ $1 \${x}`],
    ['HTML', '<script>alert(1)</script>&amp;'],
    ['JSON', '{"a":[1]} \\u0041'],
    ['a prototype', '__proto__'],
    ['a bidi override', 'abc\u202edef'],
  ])('%s', async (_what, name) => {
    const { status, body } = await register({
      name,
      guardian: { name, email: newEmail(), password },
      children: [{ name, birthDate: '2017-04-02' }],
    });
    expect(status).toBe(201);
    const { body: read } = await (await service.coordinator()).send('GET', `/api/families/${body.id}`);
    expect([read.name, read.guardians[0].name, read.children[0].name]).toEqual([name, name, name]);
    expect((await service.outbox(body.id))[0]?.data.name).toBe(name);
  });

  test('decomposed text is composed, and then equal', async () => {
    const composed = 'Zo\u00eb';
    const { body } = await register({ name: ` ${composed.normalize('NFD')} ` });
    expect(body.name).toBe(composed);
  });
});

describe('what is refused leaves nothing behind', () => {
  test.each<[string, object, string]>([
    ['no name', { name: '' }, 'name'],
    ['a blank name', { name: '   ' }, 'name'],
    ['201 characters', { name: 'x'.repeat(201) }, 'name'],
    ['a name that is a number', { name: 7 }, 'name'],
    ['a name that is null', { name: null }, 'name'],
    ['a NUL byte', { name: 'a\0b' }, 'name'],
    ['half a character', { name: 'a\ud800' }, 'name'],
    ['a header', { name: 'Bob\r\nX-Evil: 1' }, 'name'],
    ['no guardian', { guardian: undefined }, 'guardian'],
    ['a bad email', { guardian: { name: 'N', email: 'n@', password } }, 'guardian.email'],
    [
      'an email with a header',
      { guardian: { name: 'N', email: 'n@example.org\r\nBcc: x@y.z', password } },
      'guardian.email',
    ],
    ['a long email', { guardian: { name: 'N', email: `${'n'.repeat(250)}@example.org`, password } }, 'guardian.email'],
    ['a short password', { guardian: { name: 'N', email: 'n@example.org', password: 'short' } }, 'guardian.password'],
    [
      'a long password',
      { guardian: { name: 'N', email: 'n@example.org', password: 'x'.repeat(257) } },
      'guardian.password',
    ],
    ['an unknown field', { role: 'coordinator' }, 'role'],
    [
      'an unknown field inside',
      { guardian: { name: 'N', email: 'n@example.org', password, role: 'x' } },
      'guardian.role',
    ],
    ['a latitude alone', { address: { latitude: 1 } }, 'address.latitude'],
    ['a latitude that is none', { address: { latitude: 91, longitude: 0 } }, 'address.latitude'],
    ['a day that is none', { children: [{ name: 'M', birthDate: '2017-02-29' }] }, 'children.0.birthDate'],
    ['a date with a time', { children: [{ name: 'M', birthDate: '2017-02-01T00:00:00Z' }] }, 'children.0.birthDate'],
    ['a birth in the future', { children: [{ name: 'M', birthDate: '2999-01-01' }] }, 'children.0.birthDate'],
    ['a birth too long ago', { children: [{ name: 'M', birthDate: '1990-01-01' }] }, 'children.0.birthDate'],
    ['the year 0', { children: [{ name: 'M', birthDate: '0000-01-01' }] }, 'children.0.birthDate'],
    [
      '21 children',
      { children: Array.from({ length: 21 }, (_, n) => ({ name: `C${n}`, birthDate: '2017-01-01' })) },
      'children',
    ],
    ['an array for a family', [] as object, ''],
  ])('%s', async (_what, given, field) => {
    const before = await service.rows('select count(*)::int as n from families');
    const body = Array.isArray(given) ? given : registrationOf(given);
    const answer = await service.anonymous.send('POST', '/api/families', body);
    expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed']);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect(answer.body.errors.flatMap(({ message }) => jargonIn(message) ?? [])).toEqual([]);
    expect(answer.headers['content-type']).toMatch('application/problem+json');
    expect(await service.rows('select count(*)::int as n from families')).toEqual(before);
  });

  test.each<[string, string | Buffer, string, number, string]>([
    ['malformed JSON', '{"name":', 'application/json', 400, 'malformed_json'],
    ['no body', '', 'application/json', 400, 'malformed_json'],
    ['a prototype', '{"__proto__":{"admin":true}}', 'application/json', 400, 'malformed_json'],
    ['another type', '<name/>', 'application/xml', 415, 'unsupported_media_type'],
    ['a form', 'name=x', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['too much', JSON.stringify({ name: 'x'.repeat(70_000) }), 'application/json', 413, 'body_too_large'],
    ['too deep', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`, 'application/json', 422, 'validation_failed'],
  ])('%s', async (_what, body, type, status, code) => {
    const answer = await service.anonymous.send('POST', '/api/families', body, { 'content-type': type });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test.each(['\u0007', 'x'.repeat(256), 'café'])('an Idempotency-Key like %j', async (key) => {
    const answer = await service.anonymous.send('POST', '/api/families', registrationOf(), { 'idempotency-key': key });
    expect([answer.status, answer.body.errors[0].in]).toEqual([422, 'headers']);
  });

  test('a child’s unknown field, by name', async () => {
    const url = `/api/families/${client.family.id}/children`;
    const { status, body } = await client.send('POST', url, { name: 'X', birthDate: '2017-04-02', admin: true });
    expect(status).toBe(422);
    expect(body.errors).toEqual([{ in: 'body', field: 'admin', message: 'is not a known field' }]);
  });
});

describe('URLs', () => {
  test.each([
    ['/api/families/not-a-uuid', 422],
    [`/api/families/${'x'.repeat(101)}`, 400],
    ['/api/families/%00', 400],
    ['/api/families/%E0%A4%A', 400],
    [`/api/families?${Array.from({ length: 10_000 }, (_, n) => `a${n}=1`).join('&')}`, 400],
    ["/api/families?q=' or 1=1", 403],
    ['/api/families/../../etc/passwd', 404],
    ['/api/nothing', 404],
  ])('%.60s', async (url, status) => {
    const answer = await client.send('GET', url);
    expect(answer.status).toBe(status);
    expect(answer.body.code).toEqual(expect.any(String));
  });
});

test('a body that never ends, a pipeline and nonsense cost their connection, not the process', async () => {
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = service.app.server.address() as AddressInfo;
  const talk = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      let said = '';
      socket.setEncoding('utf8').on('data', (data: string) => (said += data));
      socket.on('close', () => resolve(said));
      socket.on('error', reject);
    });
  const slow = await talk(
    'POST /api/families HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  );
  expect(slow).toMatch(/^HTTP\/1\.1 408 /);
  const both =
    'POST /api/families HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
  expect(await talk(both)).toMatch(/^HTTP\/1\.1 400 /);
  const get = 'GET /api/sessions HTTP/1.1\r\nHost: x\r\n\r\n';
  const last = 'GET /api/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  expect((await talk(get.repeat(20) + last)).match(/HTTP\/1\.1 401 /g)).toHaveLength(21);
  expect((await register({})).status).toBe(201);
});

test('S20: an address that the mailer would refuse is refused at registration', async () => {
  for (const email of [`${'l'.repeat(65)}@example.org`, 'a@localhost', '"a b"@example.org', 'zoë@example.org']) {
    const given = registrationOf({ guardian: { name: 'N', email, password } });
    const { status, body } = await service.anonymous.send('POST', '/api/families', given);
    expect([status, body.errors[0].field]).toEqual([422, 'guardian.email']);
  }
});

describe('a field of one line', () => {
  const child = (name: string) => [{ name, birthDate: '2017-04-02' }];
  const guardian = (given: object) => ({ guardian: { name: 'N', email: newEmail(), password, ...given } });
  const fields: [field: string, of: (value: string) => object][] = [
    ['name', (name) => ({ name })],
    ['guardian.name', (name) => guardian({ name })],
    ['guardian.phone', (phone) => guardian({ phone })],
    ['address.street', (street) => ({ address: { street } })],
    ['address.city', (city) => ({ address: { city } })],
    ['address.postalCode', (postalCode) => ({ address: { postalCode } })],
    ['children.0.name', (name) => ({ children: child(name) })],
  ];
  const unusable = 'contains a character that cannot be used: type it again instead of pasting it';
  test.each(fields)('%s has no line breaks and control characters', async (field, of) => {
    for (const [value, message] of [
      ['one\ntwo', 'must be on one line'],
      ['one\u2028two', 'must be on one line'],
      ['one\ttwo', unusable],
      ['one\u001b[2J', unusable],
      ['\u200b', 'must not be empty'],
    ] as const) {
      const { status, body } = await register(of(value));
      expect([status, body.errors]).toEqual([422, [{ in: 'body', field, message }]]);
    }
    expect((await register(of(' one two\n'))).status).toBe(201);
  });

  test('a name, when it is changed', async () => {
    const { id, children } = client.family;
    const family = await client.send('PATCH', `/api/families/${id}`, { name: 'one\ntwo' });
    const child = await client.send('PATCH', `/api/families/${id}/children/${children[0].id}`, { name: 'one\ntwo' });
    expect([family.status, child.status]).toEqual([422, 422]);
  });
});

test('a field that is missing is called required', async () => {
  const messagesOf = async (body: object): Promise<string[]> => {
    const { body: problem } = await service.anonymous.send('POST', '/api/families', body);
    return problem.errors.map(({ field, message }) => `${field} ${message}`);
  };
  expect(await messagesOf({})).toEqual(['name is required', 'guardian is required']);
  expect(await messagesOf({ name: null, guardian: { email: null } })).toEqual([
    'name is required',
    'guardian.name is required',
    'guardian.email is required',
    'guardian.password is required',
  ]);
});

describe('an email address', () => {
  const guardian = (email: string) => ({ guardian: { name: 'N', email, password } });

  test('is one account, however its owner writes it', async () => {
    const local = newEmail().split('@')[0] ?? '';
    const [written, stored] = [`${local}@Bücher.example`, `${local}@xn--bcher-kva.example`];
    const { status, body } = await register(guardian(`  ${written.toUpperCase()}\t`));
    expect([status, body.guardians[0].email]).toEqual([201, stored]);
    for (const email of [written, stored, ` ${stored.toUpperCase()} `]) {
      const again = await register(guardian(email));
      expect([again.status, again.body.code]).toEqual([409, 'email_taken']);
      await service.signIn(email);
      expect((await service.anonymous.send('POST', '/api/password-resets', { email })).status).toBe(202);
    }
    expect(await service.tokens(stored, 'password-reset')).toHaveLength(3);
  });

  test('is not its own password, in either spelling', async () => {
    const local = newEmail().split('@')[0] ?? '';
    for (const bad of [`${local}@bücher.example`, `${local}@xn--bcher-kva.example`]) {
      const { status, body } = await register({
        guardian: { name: 'N', email: `${local}@bücher.example`, password: bad },
      });
      expect([status, body.errors[0].field]).toEqual([422, 'guardian.password']);
    }
  });

  const form = 'must be an email address, such as ngozi@example.org';
  const local = "must have only the letters a to z, digits, and . _ ' + - before the @";
  test.each([
    ['nothing', '', form],
    ['no domain', 'n@', form],
    ['letters of another alphabet before the @', 'zoë@example.org', local],
    ['a domain with a path', 'n@bücher.example/x', form],
    ['a space inside', 'n @example.org', form],
    ['a comma for a dot', 'n@example,org', form],
  ])('%s is refused, with what to write', async (_what, email, message) => {
    const { status, body } = await register(guardian(email));
    expect([status, body.errors]).toEqual([422, [{ in: 'body', field: 'guardian.email', message }]]);
  });
});

describe('children of one family', () => {
  const children = (...names: string[]) => ({ children: names.map((name) => ({ name, birthDate: '2017-04-02' })) });

  test.each([
    ['Maya', 'maya'],
    ['José', 'Jose'],
    ['Anne-Marie', 'anne marie'],
  ])('%s and %s are refused as one child twice', async (...names) => {
    const { status, body } = await register(children(...names));
    expect([status, body.code]).toEqual([409, 'child_exists']);
  });

  test.each([
    ['Maya', 'Mia'],
    ['はな', 'ばな'],
    ['Anne', 'Anne-Marie'],
  ])('%s and %s are twins', async (...names) => expect((await register(children(...names))).status).toBe(201));
});
