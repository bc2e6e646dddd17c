import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openConnection, type Connection } from '@homeroom/postgres';
import { startFaultProxy, waitFor } from '@homeroom/testing';
import { DatabaseUnavailableError } from '../src/errors.ts';
import { openTest, type Opened } from './opened.ts';

let opened: Opened;
beforeAll(async () => {
  opened = await openTest();
});
afterAll(() => opened.close());

const open = (url = opened.test.url): Promise<Connection> =>
  openConnection({ url, applicationName: 'connection-test' });

test('a lock has one holder; it is free when the holder closes', async () => {
  const [first, second] = await Promise.all([open(), open()]);
  expect(await first.tryLock('relay')).toBe(true);
  expect(await second.tryLock('relay')).toBe(false);
  expect(await second.tryLock('another')).toBe(true);
  await first.close();
  expect(first.lost.aborted).toBe(true);
  await waitFor('the lock to be free', () => second.tryLock('relay'));
  await second.close();
});

test('a lock is free when its holder’s connection breaks, and the holder knows', async () => {
  const { hostname: host, port } = new URL(opened.test.url);
  const proxy = await startFaultProxy({ target: { host, port: Number(port) } });
  const [first, second] = await Promise.all([open(proxy.through(opened.test.url)), open()]);
  expect(await first.tryLock('relay')).toBe(true);
  proxy.cut();
  await waitFor('the lock to be free', () => second.tryLock('relay'));
  expect(first.lost.aborted).toBe(true);
  await expect(first.query({ name: 'one', text: 'select 1' })).rejects.toBeInstanceOf(DatabaseUnavailableError);
  await Promise.all([first.close(), second.close(), proxy.close()]);
});

test('a server that is down is an outage, not a crash', async () => {
  const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: 1 } });
  proxy.refuse();
  await expect(open(proxy.through(opened.test.url))).rejects.toBeInstanceOf(DatabaseUnavailableError);
  await proxy.close();
});
