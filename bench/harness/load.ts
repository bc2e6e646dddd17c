// A closed-loop HTTP/1.1 client on raw sockets, with little work per request, so that the server is measured.
// Runs in its own process: receives one LoadPlan from the parent and sends one LoadResult back.
import { connect } from 'node:net';

export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** Whole requests, sent in turn. With `once`, each is sent at most once, and the run ends after the last. */
  readonly requests: readonly string[];
  readonly once: boolean;
  readonly expectStatus: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Responses with another status than expected, by status. Any makes the run void. */
  readonly unexpected: Record<string, number>;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

const endOfHeaders = Buffer.from('\r\n\r\n');

/** Sends requests one after the other on one connection until `next` has no more. */
function drive(
  port: number,
  next: () => string | undefined,
  answered: (status: string, bytes: number, ms: number) => void,
): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let received: Buffer = Buffer.alloc(0);
  let sentAt = 0;
  const send = (): void => {
    const request = next();
    if (request === undefined) {
      socket.end();
      return;
    }
    sentAt = performance.now();
    socket.write(request);
  };
  socket.on('connect', send);
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const end = received.indexOf(endOfHeaders);
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const size = end + endOfHeaders.length + length;
    if (received.length < size) return;
    received = Buffer.alloc(0);
    answered(head.slice(9, 12), size, performance.now() - sentAt);
    send();
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}

async function run(plan: LoadPlan): Promise<LoadResult> {
  const latencies: number[] = [];
  const unexpected: Record<string, number> = {};
  let sent = 0;
  let bytes = 0;
  const began = performance.now();
  const deadline = began + plan.seconds * 1000;
  const next = (): string | undefined => {
    if (performance.now() >= deadline || (plan.once && sent >= plan.requests.length)) return undefined;
    return plan.requests[sent++ % plan.requests.length];
  };
  const answered = (status: string, size: number, ms: number): void => {
    bytes += size;
    latencies.push(ms);
    if (status !== String(plan.expectStatus)) unexpected[status] = (unexpected[status] ?? 0) + 1;
  };
  await Promise.all(Array.from({ length: plan.connections }, () => drive(plan.port, next, answered)));
  latencies.sort((a, b) => a - b);
  const percentile = (p: number): number => latencies[Math.floor((latencies.length - 1) * p)] ?? 0;
  return {
    requests: latencies.length,
    seconds: (performance.now() - began) / 1000,
    bytes,
    unexpected,
    latencyMs: { p50: percentile(0.5), p99: percentile(0.99) },
  };
}

process.once('message', (plan: LoadPlan) => {
  void run(plan).then((result) => process.send?.(result, () => process.exit(0)));
});
