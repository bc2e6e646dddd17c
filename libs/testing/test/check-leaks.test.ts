import { expect, test } from '@jest/globals';
import { checkLeaks } from '@homeroom/testing';
import { once } from 'node:events';
import { createServer } from 'node:net';

test('what is closed is no leak, what stays open is named', async () => {
  const leaks = checkLeaks();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  await expect(leaks({ timeoutMs: 50 })).rejects.toThrow('still open: 1 TCPServerWrap');
  server.close();
  await leaks();
});
