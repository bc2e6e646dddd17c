import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Client } from '../src/client.ts';
import { listen } from './listen.ts';

/** Twice a call on the same connection, which breaks under the second one after so many milliseconds of work. */
async function breaking(workedMs: number, method: 'GET' | 'POST' = 'GET') {
  let now = 0;
  let resent = 0;
  const served = new WeakSet();
  const origin = await listen((request, response) => {
    if (!served.has(request.socket)) {
      served.add(request.socket);
      response.end('ok');
      return;
    }
    now += workedMs;
    request.socket.destroy();
  });
  const client = new Client('c', { origin, timeoutMs: 5_000, onResent: () => (resent += 1), now: () => now });
  try {
    await client.call({ method, path: '/' });
    // the connection is given back for the next call
    await setImmediate();
    const second = await client.call({ method, path: '/' }).then(
      ({ status }) => status,
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
    return { second, resent };
  } finally {
    client.close();
  }
}

describe('a kept connection that breaks', () => {
  test('had just been closed when it breaks at once: a GET is sent again', async () => {
    expect(await breaking(0)).toEqual({ second: 200, resent: 1 });
  });

  test('has failed a user when the server had begun to work', async () => {
    expect(await breaking(300)).toEqual({ second: 'ECONNRESET', resent: 0 });
  });

  test('is no reason to write twice', async () => {
    expect(await breaking(0, 'POST')).toEqual({ second: 'ECONNRESET', resent: 0 });
  });
});
