import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { connectRedis, type Redis } from '@homeroom/redis';
import { openSessions, type Principal } from '@homeroom/sessions';
import { Closing, type FaultProxy, openTestRedis, startFaultProxy, waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { receiveEnrollment } from '../../src/notifications/receive-event.ts';
import { announce } from '../../src/streams/announce.ts';
import type { FanOutEvent, FanOutOptions } from '../../src/streams/fan-out.ts';
import { aFamily, co, type Engines, guardianOf, openEngines, someCoordinator } from '../harness.ts';
import { listen as open, startApi as start, type RunningApi } from './listen.ts';
import type { OpenStream } from './read-stream.ts';

const closing = new Closing();
const perTest = new Closing();
let harness: Engines;
let publisher: Redis;

beforeAll(async () => {
  harness = closing.add(await openEngines(), (it) => it.close());
  publisher = closing.add(await openTestRedis(harness.cacheUrl), (it) => it.quit());
});
afterAll(() => closing.closeAll());
afterEach(() => perTest.closeAll());

const startApi = (streams: Partial<FanOutOptions> = {}): Promise<RunningApi> => start(harness, perTest, streams);
const listen = (port: number, token: string): Promise<OpenStream> =>
  open(perTest, port, { cookie: `homeroom=${token}` });
const signIn = async (principal: Principal): Promise<string> => (await harness.sessions.create(principal)).token;

/** A notification of the family, committed and announced as by a worker. */
async function announceVersion(family: ReturnType<typeof aFamily>, version: number): Promise<void> {
  const event = family.enrollment('homeroom.enrollment.confirmed.v1', { version });
  const added = await receiveEnrollment(harness.db, co, event);
  const onError = (error: unknown): never => {
    throw error;
  };
  await announce({ redis: publisher, channel: harness.channel, onError }, added);
}
const shown = (stream: OpenStream): number => stream.events.filter(({ event }) => event === 'notification').length;

/** Only for a test that hangs: the next heartbeat, which would end the stream as well, is 60 s later. */
async function expectSignedOut(stream: OpenStream): Promise<void> {
  await waitFor('the end', () => stream.ended(), { timeoutMs: 5_000 });
  expect(stream.events.at(-1)).toMatchObject({ event: 'close', data: { reason: 'signed-out' } });
}

async function proxied(): Promise<{ proxy: FaultProxy; url: string }> {
  const target = new URL(harness.sessionsUrl);
  const proxy = perTest.add(
    await startFaultProxy({ target: { host: target.hostname, port: Number(target.port) } }),
    (it) => it.close(),
  );
  return { proxy, url: proxy.through(harness.sessionsUrl) };
}

describe('S4: a stream ends within a second', () => {
  test('of its sign-out, in whichever process it is open; another session of the account goes on', async () => {
    const [one, two] = [await startApi(), await startApi()];
    const principal = guardianOf(aFamily().familyId);
    const [token, other] = [await signIn(principal), await signIn(principal)];
    const streams = [await listen(one.port, token), await listen(two.port, token)];
    const kept = await listen(one.port, other);
    await harness.sessions.destroy(token);
    for (const stream of streams) await expectSignedOut(stream);
    expect(kept.ended()).toBe(false);
    expect((await listen(one.port, token)).status).toBe(401);
    expect((await listen(two.port, other)).status).toBe(200);
  });

  test.each<[string, (accountId: string, token: string) => Promise<unknown>]>([
    ['a sign-out everywhere', (accountId) => harness.sessions.destroyAll(accountId)],
    ['a sign-in over its session', (_, token) => harness.sessions.create(someCoordinator(), token)],
    ['a password change in another session', (accountId) => harness.sessions.destroyOthers(accountId, 'A'.repeat(43))],
  ])('of %s', async (_what, end) => {
    const { port, fanOut } = await startApi();
    const principal = guardianOf(aFamily().familyId);
    const token = await signIn(principal);
    const stream = await listen(port, token);
    const stranger = await listen(port, await signIn(guardianOf(aFamily().familyId)));
    await end(principal.accountId, token);
    await expectSignedOut(stream);
    expect(stranger.ended()).toBe(false);
    await waitFor('the room of the ended stream', () => fanOut.size() === 1);
  });

  test('and no message of the family leaves on it afterwards', async () => {
    const { port } = await startApi({ heartbeatMs: 50 });
    const family = aFamily();
    const principal = guardianOf(family.familyId);
    const ended = await listen(port, await signIn(principal));
    const witness = await listen(port, await signIn(guardianOf(family.familyId)));
    await announceVersion(family, 1);
    await waitFor('the first message', () => shown(ended) === 1);
    await harness.sessions.destroyAll(principal.accountId);
    await expectSignedOut(ended);
    for (let version = 2; version <= 10; version++) await announceVersion(family, version);
    await waitFor('the other guardian’s messages', () => shown(witness) === 10);
    expect(shown(ended)).toBe(1);
  });

  test('even when its client has stopped reading: what waits for it is dropped', async () => {
    const { port, fanOut } = await startApi();
    const family = aFamily();
    const principal = guardianOf(family.familyId);
    const stream = await listen(port, await signIn(principal));
    stream.pause();
    await harness.sessions.destroyAll(principal.accountId);
    await waitFor('the end', () => fanOut.size() === 0, { timeoutMs: 5_000 });
  });
});

describe('S4: a lost announcement', () => {
  test('without the subscription a signed-out stream goes on, until the next heartbeat finds it', async () => {
    const beats: FanOutEvent[] = [];
    const { port } = await startApi({
      heartbeatMs: 4_000,
      sessionsChannel: 'nothing is announced here',
      onEvent: (event) => beats.push(event),
    });
    const family = aFamily();
    const principal = guardianOf(family.familyId);
    const token = await signIn(principal);
    const stream = await listen(port, token);
    await harness.sessions.destroy(token);
    await announceVersion(family, 1);
    // the damage that the subscription prevents
    await waitFor('a message after the sign-out', () => shown(stream) === 1);
    await waitFor('the heartbeat', () => stream.ended());
    expect(stream.events.at(-1)).toMatchObject({ event: 'close', data: { reason: 'signed-out' } });
    expect(beats.at(-1)).toEqual({ kind: 'ended', reason: 'signed-out' });
  });

  test('while disconnected is made up for at the next subscription', async () => {
    const { proxy, url } = await proxied();
    const sessionsRedis = perTest.add(await openTestRedis(url), (it) => it.disconnect());
    const { port } = await startApi({ sessionsRedis });
    const principal = guardianOf(aFamily().familyId);
    const stream = await listen(port, await signIn(principal));
    proxy.refuse();
    await harness.sessions.destroyAll(principal.accountId);
    expect(stream.ended()).toBe(false);
    proxy.accept();
    await waitFor('the end', () => stream.ended());
    expect(stream.events.at(-1)).toMatchObject({ event: 'close', data: { reason: 'signed-out' } });
  });

  testWithSwitch(
    'is not needed for a session that expires: a heartbeat ends its stream, and does not keep it alive',
    { name: 'heartbeatMs', on: 100, off: 86_400_000, failure: /Expected number of calls: >= 1/ },
    async (heartbeatMs) => {
      const { keyPrefix, redis, sessions } = harness;
      const checks = perTest.add(jest.spyOn(sessions, 'alive'), (it) => it.mockRestore());
      const { port } = await startApi({ heartbeatMs });
      const token = await signIn(someCoordinator());
      const stream = await listen(port, token);
      const key = (await redis.keys(`${keyPrefix}session:*`)).find((it) => isKeyOf(it, token)) ?? '';
      checks.mockClear();
      // not earlier: the request for the stream counted as use, and started the usual idle time
      await redis.pexpire(key, 500);
      await waitFor('the session to expire', async () => (await redis.exists(key)) === 0);
      expect(checks).toHaveBeenCalled();
      await waitFor('the end', () => stream.ended());
      expect(stream.events.at(-1)).toMatchObject({ event: 'close', data: { reason: 'signed-out' } });
    },
  );

  const isKeyOf = (key: string, token: string): boolean =>
    key.slice(`${harness.keyPrefix}session:`.length).startsWith(harness.sessions.idOf(token));
});

describe('S4: while the Redis of the sessions is unavailable', () => {
  test('open streams stay and go on, new ones get 503; afterwards sign-outs end streams again', async () => {
    const { proxy, url } = await proxied();
    const redis = perTest.add(await connectRedis(url, { commandTimeoutMs: 500 }), (it) => it.disconnect());
    const sessionsRedis = perTest.add(await openTestRedis(url), (it) => it.disconnect());
    const seen: FanOutEvent[] = [];
    const sessions = openSessions({ redis, keyPrefix: harness.keyPrefix });
    const { port } = await start({ ...harness, sessions }, perTest, {
      sessionsRedis,
      heartbeatMs: 100,
      onEvent: (event) => seen.push(event),
    });
    const family = aFamily();
    const principal = guardianOf(family.familyId);
    const token = await signIn(principal);
    const stream = await listen(port, token);
    proxy.refuse();
    await waitFor('a check that fails', () => seen.some(({ kind }) => kind === 'session-check-failed'));
    await announceVersion(family, 1);
    await waitFor('its message', () => shown(stream) === 1);
    expect((await listen(port, token)).status).toBe(503);
    proxy.accept();
    await harness.sessions.destroyAll(principal.accountId);
    await waitFor('the end', () => stream.ended());
  });
});
