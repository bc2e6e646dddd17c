import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';

let server: Server | undefined;

afterEach(async () => {
  if (server?.listening !== true) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** A server for one test; it is closed after it. */
export async function listen(listener: RequestListener): Promise<URL> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
