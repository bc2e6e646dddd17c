import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startFaultProxy, waitFor, type FaultProxy } from '@homeroom/testing';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

let echo: Server;
let proxy: FaultProxy;
let opened = false;
beforeAll(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
beforeEach(async () => {
  if (opened) await proxy.close();
  opened = true;
  proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: (echo.address() as AddressInfo).port } });
});
afterAll(async () => {
  await proxy.close();
  echo.close();
});

const open = async (): Promise<Socket> => {
  const socket = connect({ host: proxy.host, port: proxy.port }).on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};
const say = async (socket: Socket, text: string): Promise<string> => {
  socket.write(text);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
};
const reset = async (socket: Socket): Promise<unknown> => {
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  return error.code;
};

test('passes bytes both ways, and names itself in urls', async () => {
  const socket = await open();
  expect(await say(socket, 'hello')).toBe('hello');
  expect(proxy.through('postgres://a:b@db:5432/x?y=z')).toBe(`postgres://a:b@${proxy.host}:${proxy.port}/x?y=z`);
  socket.destroy();
  await waitFor('the proxy to let go', () => proxy.connections() === 0);
});

test('refuse resets what is open and what comes, until accept', async () => {
  const socket = await open();
  await say(socket, 'hello');
  const ended = reset(socket);
  proxy.refuse();
  expect(await ended).toBe('ECONNRESET');
  expect(await reset(connect({ host: proxy.host, port: proxy.port }))).toBe('ECONNRESET');
  proxy.accept();
  expect(await say(await open(), 'again')).toBe('again');
});

test('cut resets once', async () => {
  const socket = await open();
  await say(socket, 'hello');
  const ended = reset(socket);
  proxy.cut();
  expect(await ended).toBe('ECONNRESET');
  expect(await say(await open(), 'again')).toBe('again');
});

test('hang swallows silently, resume resets what was starved', async () => {
  const socket = await open();
  proxy.hang();
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  const ended = reset(socket);
  socket.write('hello');
  await waitFor('the bytes to leave', () => socket.bytesWritten === 5 && socket.writableLength === 0);
  const other = await open();
  expect(received).toBe('');
  proxy.resume();
  other.destroy();
  expect(await ended).toBe('ECONNRESET');
});

test('latency delays each direction', async () => {
  const socket = await open();
  proxy.latency(60);
  const start = performance.now();
  expect(await say(socket, 'hello')).toBe('hello');
  expect(performance.now() - start).toBeGreaterThanOrEqual(118);
});
