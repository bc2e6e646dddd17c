import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Health } from './health.ts';
import type { Metrics } from './metrics.ts';

/** Serves health and metrics on a port of their own, which no gateway routes to. @param port 0 takes any free one. */
export async function serveOps(
  { host, port }: { host: string; port: number },
  { health, metrics }: { health: Health; metrics: Metrics },
): Promise<{ server: Server; port: number }> {
  const server = createServer(
    { connectionsCheckingInterval: 1_000, requestTimeout: 5_000, headersTimeout: 5_000 },
    (request, response) => {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      const answer = health.answer(path);
      if (answer !== undefined) {
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
      } else if (path === '/metrics') {
        metrics.registry.metrics().then(
          (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
          () => response.writeHead(500).end(),
        );
      } else {
        response.writeHead(404).end();
      }
    },
  );
  server.listen(port, host);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}
