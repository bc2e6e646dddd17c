import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** The same url, but through the proxy. */
  through(url: string): string;
  /** Resets every connection and refuses new ones, as a process that has died does. */
  refuse(): void;
  /** Ends `refuse`. */
  accept(): void;
  /** Swallows every byte in both directions, and accepts new connections only to do the same, as a lost host does. */
  hang(): void;
  /** Ends `hang`: what was swallowed stays lost, so connections that hung are reset. */
  resume(): void;
  /** Delays every chunk by `ms` in each direction. */
  latency(ms: number): void;
  /** Resets every open connection once. */
  cut(): void;
  connections(): number;
  close(): Promise<void>;
}

/** A TCP proxy on a free loopback port that breaks the way networks do. */
export async function startFaultProxy({ target }: { target: { host: string; port: number } }): Promise<FaultProxy> {
  const pairs = new Map<Socket, Socket>();
  const starved = new Set<Socket>();
  let refusing = false;
  let hanging = false;
  let delayMs = 0;

  const forward = (from: Socket, to: Socket): void => {
    from.on('data', (chunk) => {
      if (hanging) {
        starved.add(from);
        return;
      }
      if (delayMs === 0) to.write(chunk);
      else setTimeout(() => to.destroyed || to.write(chunk), delayMs);
    });
    from.on('end', () => (hanging ? undefined : setTimeout(() => to.end(), delayMs)));
    // a reset is what this proxy is for; 'close' follows and takes the other side along
    from.on('error', () => undefined);
    from.on('close', () => (hanging ? undefined : to.destroy()));
  };
  const reset = (): void => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (refusing) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ ...target, allowHalfOpen: true });
    pairs.set(client, upstream);
    client.on('close', () => pairs.delete(client));
    forward(client, upstream);
    forward(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { address: host, port } = server.address() as AddressInfo;

  return {
    host,
    port,
    through(url) {
      const changed = new URL(url);
      changed.host = `${host}:${port}`;
      return changed.href;
    },
    refuse() {
      refusing = true;
      reset();
    },
    accept() {
      refusing = false;
    },
    hang() {
      hanging = true;
    },
    resume() {
      hanging = false;
      for (const socket of starved) socket.resetAndDestroy();
      starved.clear();
    },
    latency(ms) {
      delayMs = ms;
    },
    cut: reset,
    connections: () => pairs.size,
    async close() {
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}
