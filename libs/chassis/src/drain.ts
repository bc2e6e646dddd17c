import type { Socket } from 'node:net';
import type { ZodFastify } from './server.ts';

const sweepEveryMs = 50;
/** A connection that has said nothing for this long after the drain began is a spare one, not a request on its way. */
const silenceMs = 500;

/**
 * Stops accepting and waits for the answers in progress. Fastify's own `close` waits for keep-alive connections that
 * nobody uses, or cuts those that are in use.
 * @param budgetMs after it, what is still open is cut.
 * @returns how many connections had to be cut.
 */
export function drainable(app: ZodFastify): (budgetMs: number) => Promise<number> {
  const open = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });

  return async (budgetMs) => {
    const endsAt = performance.now() + budgetMs;
    const silentAt = performance.now() + silenceMs;
    let cut = 0;
    const sweep = setInterval(() => {
      app.server.closeIdleConnections();
      const now = performance.now();
      if (now > silentAt) for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
      if (now > endsAt) {
        cut += open.size;
        for (const socket of open) socket.destroy();
      }
    }, sweepEveryMs);
    try {
      await app.close();
    } finally {
      clearInterval(sweep);
    }
    return cut;
  };
}
