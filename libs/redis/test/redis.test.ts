import { connectRedis, redisScript } from '@homeroom/redis';
import { startFaultProxy, testRedis, waitFor } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';

test('a Redis that is not there is neither waited for at the start nor at a command', async () => {
  const errors: Error[] = [];
  const startedAt = performance.now();
  const redis = await connectRedis('redis://127.0.0.1:9', {
    connectTimeoutMs: 200,
    onError: (error) => errors.push(error),
  });
  await expect(redis.get('key')).rejects.toThrow();
  expect(performance.now() - startedAt).toBeLessThan(1_500);
  expect(errors.length).toBeGreaterThan(0);
  redis.disconnect();
});

test('commands to a Redis that hangs fail in time, and work again when it is back', async () => {
  const { cacheUrl, keyPrefix } = await testRedis();
  const { hostname, port } = new URL(cacheUrl);
  const proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } });
  const redis = await connectRedis(proxy.through(cacheUrl), { commandTimeoutMs: 100 });
  await redis.set(`${keyPrefix}a`, '1', 'EX', 60);
  proxy.hang();
  const startedAt = performance.now();
  await expect(redis.get(`${keyPrefix}a`)).rejects.toThrow('timed out');
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  proxy.resume();
  expect(await waitFor('an answer', () => redis.get(`${keyPrefix}a`))).toBe('1');
  redis.disconnect();
  await proxy.close();
});

test('a script runs on a server that has never seen it, and travels only once', async () => {
  const { cacheUrl } = await testRedis();
  const redis = await connectRedis(cacheUrl);
  const sent: string[] = [];
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, ...rest) => {
    sent.push(command.name);
    return send(command, ...rest);
  };
  const echo = redisScript(redis, `-- ${randomUUID()}\nreturn ARGV[1]`);
  expect([await echo([], ['a']), await echo([], ['b'])]).toEqual(['a', 'b']);
  expect(sent).toEqual(['evalsha', 'eval', 'evalsha']);
  await expect(redisScript(redis, 'this is no Lua')([], [])).rejects.toThrow('compiling script');
  redis.disconnect();
});
