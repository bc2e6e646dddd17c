import { connectRedis, type Redis } from '@homeroom/redis';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { testRedis } from '@homeroom/testing';
import { openSignInLimit, type SignInLimit } from '../../src/accounts/sign-in-limit.ts';
import { networkOf } from '../../src/credentials/network-of.ts';
import { newEmail, password, startHarness } from '../harness.ts';

const coopId = 'one';
let redis: Redis;
let keyPrefix: string;
beforeAll(async () => {
  const engines = await testRedis();
  keyPrefix = engines.keyPrefix;
  redis = await connectRedis(engines.sessionsUrl, { commandTimeoutMs: 2_000 });
});
afterAll(() => redis.quit());

let opened = 0;
const open = (limits: { perAccount: number; perAddress: number }): SignInLimit =>
  openSignInLimit({ redis, keyPrefix: `${keyPrefix}${opened++}:`, ...limits });

/** An attempt that must be admitted. */
const admitted = async (limit: SignInLimit, email: string, address: string): Promise<void> =>
  expect(await limit.attempt({ coopId, email }, address)).toBeUndefined();

const fail = async (limit: SignInLimit, email: string, address: string, times: number): Promise<void> => {
  for (let time = 0; time < times; time++) await admitted(limit, email, address);
};

test('stops guessing one account from one address and says when to come back', async () => {
  const limit = open({ perAccount: 3, perAddress: 100 });
  await fail(limit, 'a@example.org', '10.0.0.1', 3);
  expect(await limit.attempt({ coopId, email: 'a@example.org' }, '10.0.0.1')).toMatchObject({
    kind: 'refused',
    code: 'too_many_attempts',
    extra: { retryAfterSeconds: expect.any(Number) },
  });
  // no one can lock out another account, nor that of the same address in another co-op
  expect(await limit.attempt({ coopId: 'two', email: 'a@example.org' }, '10.0.0.1')).toBeUndefined();
  await admitted(limit, 'a@example.org', '10.0.0.2');
  await admitted(limit, 'b@example.org', '10.0.0.1');
});

test('stops one address from trying many accounts', async () => {
  const limit = open({ perAccount: 3, perAddress: 5 });
  for (let account = 0; account < 5; account++) await admitted(limit, `${account}@example.org`, '10.0.0.1');
  expect(await limit.attempt({ coopId, email: 'new@example.org' }, '10.0.0.1')).toMatchObject({
    code: 'too_many_attempts',
  });
});

test('counts no success', async () => {
  const limit = open({ perAccount: 2, perAddress: 3 });
  for (let time = 0; time < 20; time++) {
    await admitted(limit, 'a@example.org', '10.0.0.1');
    await limit.succeeded({ coopId, email: 'a@example.org' }, '10.0.0.1');
  }
});

test('keeps no counter without an end', async () => {
  const limit = open({ perAccount: 2, perAddress: 3 });
  await limit.succeeded({ coopId, email: 'late@example.org' }, '10.0.0.9');
  await admitted(limit, 'late@example.org', '10.0.0.9');
  const keys = await redis.keys(`${keyPrefix}*`);
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect(await redis.ttl(key)).toBeGreaterThan(0);
});

test('0 is no limit', async () => {
  await fail(open({ perAccount: 0, perAddress: 0 }), 'a@example.org', '10.0.0.1', 30);
});

test('the right password does not help once the limit is reached', async () => {
  const service = await startHarness({ env: { SIGN_IN_FAILURES_PER_ACCOUNT: '2' } });
  try {
    const { email } = await service.family();
    const attempt = (secret: string) => service.anonymous.send('POST', '/api/sessions', { email, password: secret });
    expect((await attempt('wrong')).status).toBe(401);
    expect((await attempt('wrong')).status).toBe(401);
    const limited = await attempt(password);
    expect([limited.status, limited.body.code]).toEqual([429, 'too_many_attempts']);
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    const other = await service.anonymous.send('POST', '/api/sessions', { email: newEmail(), password });
    expect(other.status).toBe(401);
  } finally {
    await service.close();
  }
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s counts as %s', (address, network) => expect(networkOf(address)).toBe(network));
