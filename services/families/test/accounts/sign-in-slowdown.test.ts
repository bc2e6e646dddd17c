import { testWithSwitch } from '@homeroom/testing/switch';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newEmail, password, startHarness, type Answer, type Harness } from '../harness.ts';

let service: Harness;
let unslowed: Harness;
const settings = { SIGN_IN_SLOWDOWN_SECONDS: '600', TRUSTED_PROXIES: '127.0.0.1/32' };
beforeAll(async () => {
  [service, unslowed] = await Promise.all([
    startHarness({ env: { ...settings, SIGN_IN_SLOWDOWN_AFTER: '4' } }),
    startHarness({ env: { ...settings, SIGN_IN_SLOWDOWN_AFTER: '0' } }),
  ]);
});
afterAll(() => Promise.all([service.close(), unslowed.close()]));
const slowedAfter = (failures: string): Harness => (failures === '0' ? unslowed : service);

let host = 0;
/** Each attempt comes from an address of its own. */
const attempt = (email: string, secret: string, { on = service, cookie = '' } = {}): Promise<Answer> => {
  host += 1;
  const headers = { 'x-forwarded-for': `198.51.${host >> 8}.${host & 255}`, ...(cookie === '' ? {} : { cookie }) };
  return on.anonymous.send('POST', '/api/sessions', { email, password: secret }, headers);
};
const guess = async (email: string, times: number, on = service): Promise<string[]> => {
  const codes = [];
  for (let time = 0; time < times; time++) codes.push((await attempt(email, 'a wrong password', { on })).body.code);
  return codes;
};
const slowed = [
  'wrong_credentials',
  'wrong_credentials',
  'wrong_credentials',
  'wrong_credentials',
  'wrong_credentials',
];
const cookiesOf = ({ headers }: Answer): string[] =>
  [headers['set-cookie'] ?? []].flat().map((cookie) => String(cookie).split(';')[0] ?? '');
const deviceOf = (answer: Answer): string =>
  cookiesOf(answer).find((cookie) => cookie.startsWith('homeroom-device=')) ?? '';

testWithSwitch(
  'S7: guessing from many addresses is slowed, also of an address without an account, and published once',
  {
    name: 'SIGN_IN_SLOWDOWN_AFTER',
    on: '4',
    off: '0',
    failure: /(\+ +"wrong_credentials",\n){7}\+ +201,/,
  },
  async (after) => {
    const on = slowedAfter(after);
    const { email, family } = await on.family();
    for (const guessed of [email, newEmail()]) {
      const codes = await guess(guessed, 12, on);
      const refused = await attempt(guessed, password, { on });
      expect([...codes, refused.status]).toEqual([...slowed, ...Array<string>(7).fill('too_many_attempts'), 429]);
      expect(refused.body.code).toBe('too_many_attempts');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(500);
    }
    const events = await on.outbox(family.guardians[0].id);
    expect(events.filter(({ type }) => type.includes('attacked'))).toEqual([
      {
        type: 'homeroom.account.sign-in-attacked.v1',
        key: family.guardians[0].id,
        data: { accountId: family.guardians[0].id, email, failures: 5, withinMinutes: 15 },
      },
    ]);
  },
);

test('S7: a device that signed in before is let past, within failures of its own, and for its account alone', async () => {
  const { email } = await service.family();
  const cookie = deviceOf(await attempt(email, password));
  expect(cookie).toMatch(/^homeroom-device=[\w-]{22}\.[\w-]{43}$/);
  await guess(email, 6);
  const signedIn = await attempt(email, password, { cookie });
  expect(signedIn.status).toBe(201);
  expect(deviceOf(signedIn)).toBe('');
  const codes = [];
  for (let time = 0; time < 6; time++) codes.push((await attempt(email, 'a wrong password', { cookie })).body.code);
  expect(codes).toEqual([...slowed, 'too_many_attempts']);

  const other = (await service.family()).email;
  await guess(other, 6);
  for (const worthless of [cookie, `${cookie.slice(0, -2)}AA`, 'homeroom-device=x']) {
    expect((await attempt(other, password, { cookie: worthless })).status).toBe(429);
  }
});

test('S7: a password reset by mail lets the owner in while the guessing goes on', async () => {
  const { email } = await service.family();
  await guess(email, 6);
  expect((await attempt(email, password)).status).toBe(429);
  await service.anonymous.send('POST', '/api/password-resets', { email });
  const [token] = await service.tokens(email, 'password-reset');
  const given = { token, password: 'kelp-vantage-brisket' };
  const reset = await service.anonymous.send('POST', '/api/password-resets/confirm', given);
  expect((await attempt(email, given.password, { cookie: deviceOf(reset) })).status).toBe(201);
});

test('the right password is no failure', async () => {
  const { email } = await service.family();
  for (let time = 0; time < 8; time++) expect((await attempt(email, password)).status).toBe(201);
});
