import type { ZodFastify } from '@homeroom/chassis';
import { firstCoopId } from '@homeroom/contracts';
import { connectRedis, type Redis } from '@homeroom/redis';
import { openSessions, type SessionStore } from '@homeroom/sessions';
import { startFaultProxy, testRedis, waitFor } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { coordinator, coops, guardian, operator, sessionsApp, tokenOf } from './sessions.ts';

let redis: Redis;
let url: string;
let keyPrefix: string;
let store: SessionStore;
let app: ZodFastify;
let secureApp: ZodFastify;
beforeAll(async () => {
  ({ sessionsUrl: url, keyPrefix } = await testRedis());
  redis = await connectRedis(url);
  store = openSessions({ redis, keyPrefix });
  app = await sessionsApp(store);
  secureApp = await sessionsApp(store, { secure: true });
});
afterAll(async () => {
  await Promise.all([app.close(), secureApp.close()]);
  redis.disconnect();
});

const signedIn = async (as: 'guardian' | 'coordinator' = 'guardian', cookie = ''): Promise<string> => {
  const answer = await app.inject({
    method: 'POST',
    url: '/sign-in',
    payload: { as },
    headers: cookie === '' ? {} : { cookie },
  });
  return tokenOf(answer.headers['set-cookie']);
};
const as = (token: string, path: string, method: 'GET' | 'POST' = 'GET') =>
  app.inject({ method, url: path, headers: { cookie: `theme=dark; homeroom=${token}` } });

describe('signing in', () => {
  test('sets a cookie that scripts cannot read and other sites cannot send along', async () => {
    const answer = await app.inject({ method: 'POST', url: '/sign-in', payload: { as: 'guardian' } });
    expect(answer.headers['set-cookie']).toMatch(/^homeroom=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    const secure = await secureApp.inject({ method: 'POST', url: '/sign-in', payload: { as: 'guardian' } });
    expect(secure.headers['set-cookie']).toMatch(
      /^__Host-homeroom=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  test('always gives a new token and ends the session that came with the request: a planted one is worth nothing', async () => {
    const { token: planted } = await store.create(coordinator);
    const token = await signedIn('guardian', `homeroom=${planted}`);
    expect(token).not.toBe(planted);
    expect((await as(planted, '/me')).statusCode).toBe(401);
    expect((await as(token, '/me')).json()).toEqual(guardian);
  });

  test('without that, the planted session would go on', async () => {
    const { token: planted } = await store.create(coordinator);
    await store.create(guardian);
    expect((await as(planted, '/me')).json()).toEqual(coordinator);
  });

  test('takes no token that the client made up', async () => {
    const madeUp = 'A'.repeat(43);
    const token = await signedIn('guardian', `homeroom=${madeUp}`);
    expect(token).not.toBe(madeUp);
    expect((await as(madeUp, '/me')).statusCode).toBe(401);
  });
});

describe('a request', () => {
  test('asks Redis once however often it asks for the session, and not at all when it does not', async () => {
    const sent: string[] = [];
    const watched = await connectRedis(url);
    const send = watched.sendCommand.bind(watched);
    watched.sendCommand = (command, ...rest) => {
      sent.push(command.name);
      return send(command, ...rest);
    };
    const watchedApp = await sessionsApp(openSessions({ redis: watched, keyPrefix }));
    const { token } = await store.create(guardian);
    const headers = { cookie: `homeroom=${token}` };
    expect((await watchedApp.inject({ url: '/public', headers })).statusCode).toBe(200);
    expect((await watchedApp.inject('/me')).statusCode).toBe(401);
    expect(sent).toEqual([]);
    expect((await watchedApp.inject({ url: '/three-times', headers })).json()).toEqual(guardian);
    expect(sent).toEqual(['evalsha']);
    await watchedApp.close();
    watched.disconnect();
  });

  test.each([
    ['/me', 200, 200, 401],
    ['/coordinators', 403, 200, 401],
  ])(
    'to %s is answered to a guardian with %i, to a coordinator with %i, to a caller without a session with %i',
    async (path, toGuardian, toCoordinator, toStranger) => {
      const statuses = [
        (await as(await signedIn('guardian'), path)).statusCode,
        (await as(await signedIn('coordinator'), path)).statusCode,
        (await app.inject(path)).statusCode,
      ];
      expect(statuses).toEqual([toGuardian, toCoordinator, toStranger]);
    },
  );

  test.each(['', 'x', '%00', 'A'.repeat(43), 'A'.repeat(4_000), '"quoted"', 'a=b'])(
    'with the cookie %.20j has no session',
    async (token) => {
      const answer = await as(token, '/me');
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([401, 'unauthenticated']);
    },
  );

  test('over https does not take the cookie that a plain-http page could have set', async () => {
    const { token } = await store.create(guardian);
    const status = async (name: string): Promise<number> =>
      (await secureApp.inject({ url: '/me', headers: { cookie: `${name}=${token}` } })).statusCode;
    expect([await status('homeroom'), await status('__Host-homeroom')]).toEqual([401, 200]);
  });
});

describe('a session', () => {
  const statusOn = async (host: string, token: string, url = '/me'): Promise<number> =>
    (await app.inject({ url, headers: { host, cookie: `homeroom=${token}` } })).statusCode;

  test.each([
    ['guardian', guardian],
    ['coordinator', coordinator],
  ])('of a %s is none on the host of another co-op, and on one of none', async (_, principal) => {
    const { token } = await store.create(principal);
    expect([await statusOn('birch', token), await statusOn('nowhere', token)]).toEqual([401, 401]);
    // control: the same cookie where it belongs, and one of the other co-op there
    expect(await statusOn('willow', token)).toBe(200);
    const { token: theirs } = await store.create({ ...guardian, coopId: coops.birch });
    expect([await statusOn('birch', theirs), await statusOn('willow', theirs)]).toEqual([200, 401]);
  });

  test('stays what it was when another co-op has refused it, and cannot be ended there', async () => {
    const { token } = await store.create(guardian);
    const headers = { host: 'birch', cookie: `homeroom=${token}` };
    expect((await app.inject({ method: 'POST', url: '/sign-out', headers })).json()).toEqual({ ended: 0 });
    const everywhere = await app.inject({ method: 'POST', url: '/sign-out-everywhere', headers });
    expect(everywhere.json()).toEqual({ ended: 0 });
    expect(await statusOn('willow', token)).toBe(200);
  });

  test('of an operator belongs to the installation and counts on every host', async () => {
    const { token } = await store.create(operator);
    for (const host of ['willow', 'birch', 'nowhere']) expect(await statusOn(host, token, '/account')).toBe(200);
  });

  test('from before there were co-ops belongs to the first one', async () => {
    const { token } = await store.create({ ...guardian, coopId: firstCoopId });
    const hash = createHash('sha256').update(token).digest('base64url');
    expect(await redis.hdel(`${keyPrefix}session:${hash}`, 'coop')).toBe(1);
    expect((await store.find(token))?.principal).toEqual({ ...guardian, coopId: firstCoopId });
    expect([await statusOn('willow', token), await statusOn('birch', token)]).toEqual([401, 401]);
  });
});

describe('signing out', () => {
  test('ends the session and clears the cookie', async () => {
    const token = await signedIn();
    const answer = await as(token, '/sign-out', 'POST');
    expect(answer.json()).toEqual({ ended: 1 });
    expect(answer.headers['set-cookie']).toMatch(/^homeroom=; .*Max-Age=0|^homeroom=; .*Expires=Thu, 01 Jan 1970/);
    expect((await as(token, '/me')).statusCode).toBe(401);
    expect((await as(token, '/sign-out', 'POST')).json()).toEqual({ ended: 0 });
  });

  test('everywhere ends every session of the account', async () => {
    await store.destroyAll(guardian.accountId);
    const tokens = [await signedIn(), await signedIn(), await signedIn()];
    const coordinators = await signedIn('coordinator');
    expect((await as(tokens[0] ?? '', '/sign-out-everywhere', 'POST')).json()).toEqual({ ended: 3 });
    for (const token of tokens) expect((await as(token, '/me')).statusCode).toBe(401);
    expect((await as(coordinators, '/me')).statusCode).toBe(200);
  });
});

describe('freshness', () => {
  const mark = async (token: string): Promise<string> => (await as(token, '/mark')).json<{ mark: string }>().mark;

  test('goes from any replica to the primary by a write, and to an LSN by a read, also for the requests after', async () => {
    const token = await signedIn();
    expect(await mark(token)).toBe('any');
    expect((await as(token, '/write', 'POST')).json()).toEqual({ mark: 'primary' });
    expect(await mark(token)).toBe('primary');
    expect((await as(token, '/read/0-16B3748', 'POST')).json()).toEqual({ mark: '0/16B3748' });
    expect(await mark(token)).toBe('0/16B3748');
  });

  test('is the business of one service: another one’s writes do not send reads to the primary', async () => {
    const enrollment = await sessionsApp(store, { service: 'enrollment' });
    const token = await signedIn();
    await as(token, '/write', 'POST');
    const other = await enrollment.inject({ url: '/mark', headers: { cookie: `homeroom=${token}` } });
    expect(other.json()).toEqual({ mark: 'any' });
    await enrollment.close();
  });
});

describe('without Redis', () => {
  test('a signed-in request gets 503 with Retry-After, a public one its answer, and a write that is committed stands', async () => {
    const { hostname, port } = new URL(url);
    const proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } });
    const fragile = await connectRedis(proxy.through(url), { commandTimeoutMs: 1_000 });
    const sessions = openSessions({ redis: fragile, keyPrefix });
    const wrote = sessions.wrote.bind(sessions);
    sessions.wrote = (token, service) => {
      proxy.refuse();
      return wrote(token, service);
    };
    const fragileApp = await sessionsApp(sessions);
    const { token } = await sessions.create(guardian);
    const headers = { cookie: `homeroom=${token}` };

    expect((await fragileApp.inject({ method: 'POST', url: '/write', headers })).json()).toEqual({ mark: 'primary' });
    const answer = await fragileApp.inject({ url: '/me', headers });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([503, 'sessions_unavailable']);
    expect(answer.headers['retry-after']).toBe('2');
    expect((await fragileApp.inject({ url: '/public', headers })).statusCode).toBe(200);

    proxy.accept();
    await waitFor(
      'the session to be found again',
      async () => (await fragileApp.inject({ url: '/me', headers })).statusCode === 200,
    );
    await fragileApp.close();
    fragile.disconnect();
    await proxy.close();
  });
});
