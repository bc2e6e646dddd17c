import { once } from 'node:events';
import { Server, type Socket } from 'node:net';
import type { ZodFastify } from '../http/zod-fastify.ts';

const sweepEveryMs = 50;
/** A connection that is idle for this long after the drain began is a spare one, without a request on its way. */
const silenceMs = 500;

/**
 * Makes what stops accepting and waits for the responses in progress, for `budgetMs` at most. Fastify's own `close` waits for
 * idle keep-alive connections, or cuts those in use.
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
    const closeIdle = app.server.closeIdleConnections.bind(app.server);
    // http's own close cuts connections that are idle at that moment, on which a request may be arriving
    app.server.closeIdleConnections = () => undefined;
    const ended = once(app.server, 'close');
    // before any client is asked to leave: one that reconnects at once must be refused, not queued and then dropped
    Server.prototype.close.call(app.server);
    const closing = app.close();
    const sweep = setInterval(() => {
      const now = performance.now();
      if (now > silentAt) {
        closeIdle();
        for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
      }
      if (now > endsAt) {
        cut += open.size;
        for (const socket of open) socket.destroy();
      }
    }, sweepEveryMs);
    try {
      await Promise.all([closing, ended]);
    } finally {
      clearInterval(sweep);
    }
    return cut;
  };
}
