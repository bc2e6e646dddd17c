import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type FaultProxy = Awaited<ReturnType<typeof startFaultProxy>>;

interface Faults {
  refusing: boolean;
  hanging: boolean;
  delayMs: number;
  /** Sockets whose bytes were swallowed. */
  readonly starved: Set<Socket>;
}

/** Starts a TCP proxy on a free loopback port that breaks the way networks do. */
export async function startFaultProxy({ target }: { target: { host: string; port: number } }) {
  const pairs = new Map<Socket, Socket>();
  const faults: Faults = { refusing: false, hanging: false, delayMs: 0, starved: new Set() };
  const reset = (): void => {
    for (const sockets of pairs) for (const socket of sockets) socket.resetAndDestroy();
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (faults.refusing) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ ...target, allowHalfOpen: true });
    pairs.set(client, upstream);
    client.on('close', () => pairs.delete(client));
    forward(client, upstream, faults);
    forward(upstream, client, faults);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { address: host, port } = server.address() as AddressInfo;

  return {
    host,
    port,
    /** The same url, but through the proxy. */
    through(url: string): string {
      const changed = new URL(url);
      changed.host = `${host}:${port}`;
      return changed.href;
    },
    /** Resets every connection and refuses new ones, as a process that has died does. */
    refuse(): void {
      faults.refusing = true;
      reset();
    },
    /** Ends `refuse`. */
    accept: () => void (faults.refusing = false),
    /** Swallows every byte in both directions, and accepts new connections only to do the same, as a lost host does. */
    hang: () => void (faults.hanging = true),
    /** Ends `hang`: what was swallowed stays lost, so connections that hung are reset. */
    resume(): void {
      faults.hanging = false;
      for (const socket of faults.starved) socket.resetAndDestroy();
      faults.starved.clear();
    },
    /** Delays every chunk by `ms` in each direction. */
    latency: (ms: number) => void (faults.delayMs = ms),
    /** Resets every open connection once. */
    cut: reset,
    connections: () => pairs.size,
    async close(): Promise<void> {
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(from: Socket, to: Socket, faults: Faults): void {
  from.on('data', (chunk) => {
    if (faults.hanging) faults.starved.add(from);
    else if (faults.delayMs === 0) to.write(chunk);
    else setTimeout(() => to.destroyed || to.write(chunk), faults.delayMs);
  });
  from.on('end', () => (faults.hanging ? undefined : setTimeout(() => to.end(), faults.delayMs)));
  // resets are what this proxy is for; 'close' follows and closes the other side
  from.on('error', () => undefined);
  from.on('close', () => (faults.hanging ? undefined : to.destroy()));
}
