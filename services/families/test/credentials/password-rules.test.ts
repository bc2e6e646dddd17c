import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isCommon, isOwnEmail } from '../../src/credentials/password-rules.ts';
import { commonPasswords } from '../../src/credentials/common-passwords.ts';
import { newEmail, password, registrationOf, startHarness, type Harness } from '../harness.ts';

test.each(['12345678', 'password1', 'Password1', 'qwertyuiop', 'iloveyou1', 'football1', '1234567890'])(
  'S10: %s is common',
  (given) => expect(isCommon(given)).toBe(true),
);

test.each([password, '12345678 password1', 'a1b2c3d4e5 is what', '', ' ', 'kelp-vantage-brisket'])(
  '“%s” is not common',
  (given) => expect(isCommon(given)).toBe(false),
);

test('the list has more than ten thousand passwords that are long enough to be chosen', () => {
  const listed = commonPasswords.trim().split(' ');
  expect(listed.length).toBeGreaterThan(10_000);
  expect(listed.filter((each) => each.length < 8 || each !== each.toLowerCase())).toEqual([]);
});

test('the address and the part before the @ are recognized', () => {
  const own = ['ngozi.okafor@example.org', 'Ngozi.Okafor', 'NGOZI.OKAFOR@example.org'];
  expect(own.map((given) => isOwnEmail(given, 'ngozi.okafor@example.org'))).toEqual([true, true, true]);
  expect(isOwnEmail('ngozi.okafor.at.home', 'ngozi.okafor@example.org')).toBe(false);
});

describe('S10: a common password, and the account’s own address, are refused', () => {
  let service: Harness;
  beforeAll(async () => {
    service = await startHarness();
  });
  afterAll(() => service.close());

  test.each([
    ['the family’s', 'Okafor-Díaz', 'Okafor Diaz'],
    ['the family’s, together', 'Okafor-Díaz', 'okafordiaz'],
    ['the guardian’s', 'Ruiz', 'Ngozi-Okafor'],
  ])('at registration, and %s name', async (_what, name, bad) => {
    const given = (secret: string) =>
      registrationOf({ name, guardian: { name: 'Ngozi Okafor', email: newEmail(), password: secret } });
    const { status, body } = await service.anonymous.send('POST', '/api/families', given(bad));
    expect([status, body.errors]).toEqual([
      422,
      [{ in: 'body', field: 'guardian.password', message: expect.stringContaining('must not be your own name') }],
    ]);
    expect((await service.anonymous.send('POST', '/api/families', given(`${bad} kelp`))).status).toBe(201);
  });

  test('at registration', async () => {
    const email = newEmail();
    for (const bad of ['12345678', email, email.split('@')[0] ?? '']) {
      const given = registrationOf({ guardian: { name: 'N', email, password: bad } });
      const { status, body } = await service.anonymous.send('POST', '/api/families', given);
      expect([status, body.errors[0].field]).toEqual([422, 'guardian.password']);
      expect(body.errors[0].message).toContain('use several words');
    }
  });

  test('by a reset, whose link stays usable', async () => {
    const { email } = await service.family({ name: 'Okafor Díaz' });
    await service.anonymous.send('POST', '/api/password-resets', { email });
    const [token] = await service.tokens(email, 'password-reset');
    const confirm = (secret: string) =>
      service.anonymous.send('POST', '/api/password-resets/confirm', { token, password: secret });
    for (const bad of ['Password1', email, 'okafor-diaz', 'NgoziOkafor']) {
      const { status, body } = await confirm(bad);
      expect([status, body.errors[0].field]).toEqual([422, 'password']);
    }
    expect((await confirm('kelp-vantage-brisket')).status).toBe(204);
  });

  test('by a change', async () => {
    const client = await service.family({ name: 'Okafor Díaz' });
    for (const bad of ['Password1', client.email, 'okafor-diaz', 'NgoziOkafor']) {
      const given = { currentPassword: password, password: bad };
      const { status, body } = await client.send('PUT', '/api/account/password', given);
      expect([status, body.errors[0].field]).toEqual([422, 'password']);
    }
    expect((await client.send('GET', '/api/sessions')).status).toBe(200);
    const given = { currentPassword: password, password: 'okafor-diaz-kelp' };
    expect((await client.send('PUT', '/api/account/password', given)).status).toBe(204);
  });

  test('in a roster, row by row', async () => {
    const coordinator = await service.coordinator();
    const [good, common, own] = [newEmail(), newEmail(), newEmail()];
    const rows = [`${good},G,F,${password}`, `${common},G,F,12345678`, `${own},G,F,${own}`];
    const csv = ['guardian_email,guardian_name,family_name,password', ...rows].join('\n');
    const { body } = await service.importing(csv, coordinator);
    expect(body.created).toBe(1);
    expect(body.rejected).toMatchObject([
      { line: 3, field: 'password', reason: expect.stringContaining('common') },
      { line: 4, field: 'password', reason: expect.stringContaining('email address') },
    ]);
  });

  test('an account that has one from before still signs in', async () => {
    const { email } = await service.family();
    const [row] = await service.rows('select password_hash from accounts where email_address = $1', email);
    expect(String(row?.['password_hash'])).toContain('argon2id');
    const { status, body } = await service.anonymous.send('POST', '/api/sessions', { email, password: '12345678' });
    expect([status, body.code]).toEqual([401, 'wrong_credentials']);
  });
});
