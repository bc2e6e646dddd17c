import { setTimeout } from 'node:timers/promises';
import { arrivals } from './arrivals.ts';
import { Client, type Call } from './client.ts';
import { Recorder, type Report } from './recorder.ts';
import type { Scenario } from './scenario.ts';
import { Search } from './search.ts';

export interface RunOptions {
  readonly origin: URL;
  readonly scenario: Scenario;
  readonly arrival: 'constant' | 'poisson';
  /** Arrivals per second. */
  readonly rate: number;
  readonly seconds: number;
  /** The maximum number of arrivals. */
  readonly count?: number | undefined;
  readonly clients: number;
  readonly timeoutMs: number;
  /** Arrivals above it are counted as failures and not sent, because this machine has limits too. */
  readonly maxInFlight: number;
  /** The response header that names the pod. */
  readonly podHeader: string;
  /** Ends the run early, after the requests in flight. */
  readonly signal?: AbortSignal;
  /** A function, because a report sorts all latencies. */
  readonly onSecond?: (soFar: () => Report) => void;
  /** The pauses between the checks of what was confirmed. */
  readonly lookAgainAfterMs?: readonly number[];
}

/** An open model: requests are sent at their arrival, whether or not earlier ones were answered. */
export async function run(options: RunOptions): Promise<Report> {
  const { scenario, origin, timeoutMs, signal } = options;
  const recorder = new Recorder();
  const onResent = (): void => {
    recorder.resent += 1;
  };
  const clients = Array.from(
    { length: options.clients },
    (_, n) => new Client(`client ${n + 1}`, { origin, timeoutMs, onResent }),
  );
  try {
    if (!(await prepareAll(scenario, clients, signal))) return recorder.report(0);
    const seconds = await sendAll(options, clients, recorder);
    const report = recorder.report(seconds);
    if (scenario.lost === undefined || signal?.aborted === true) return report;
    const search = new Search({ pausesMs: options.lookAgainAfterMs, signal });
    let [lost, unknown] = [0, 0];
    for (const client of clients) {
      const found = await scenario.lost(client, search);
      lost += found.lost;
      unknown += found.unknown;
    }
    return { ...report, lost, unknown };
  } finally {
    for (const client of clients) client.close();
  }
}

/** Whether all clients are prepared; false when the run was aborted before. */
async function prepareAll(scenario: Scenario, clients: readonly Client[], signal?: AbortSignal): Promise<boolean> {
  try {
    for (const client of clients) {
      signal?.throwIfAborted();
      await scenario.prepare?.(client, signal);
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
  return signal?.aborted !== true;
}

async function sendAll(options: RunOptions, clients: readonly Client[], recorder: Recorder): Promise<number> {
  const { arrival: kind, rate, seconds, count, maxInFlight, timeoutMs, signal, onSecond } = options;
  const began = performance.now();
  const inFlight = new Set<Promise<void>>();
  const soFar = (): Report => recorder.report((performance.now() - began) / 1_000);
  const ticker = setInterval(() => onSecond?.(soFar), 1_000);
  try {
    for (const at of arrivals({ kind, rate, seconds, count })) {
      const scheduledAt = began + at;
      await until(scheduledAt, signal);
      // after the wait: an abort ends it early, and a request sent early would have a negative latency
      if (signal?.aborted === true) break;
      const n = recorder.scheduled++;
      if (inFlight.size >= maxInFlight) {
        recorder.notSent('not sent: too many in flight', timeoutMs);
        continue;
      }
      const sent = send(options, clients[n % clients.length]!, Math.floor(n / clients.length), scheduledAt, recorder);
      inFlight.add(sent);
      void sent.finally(() => inFlight.delete(sent));
    }
    await Promise.all(inFlight);
  } finally {
    clearInterval(ticker);
  }
  return (performance.now() - began) / 1_000;
}

/** Never rejects: every result of a request is an outcome. */
async function send(
  { scenario, podHeader }: RunOptions,
  client: Client,
  n: number,
  scheduledAt: number,
  recorder: Recorder,
): Promise<void> {
  let call: Call | undefined;
  try {
    call = scenario.next(client, n);
    const answer = await client.call(call);
    const pod = answer.headers[podHeader];
    recorder.done({
      failure: scenario.wrong(answer, client, call),
      latencyMs: performance.now() - scheduledAt,
      pod: typeof pod === 'string' ? pod : undefined,
    });
  } catch (error) {
    const waitedMs = performance.now() - scheduledAt;
    recorder.done({ failure: kindOf(error), latencyMs: call === undefined ? undefined : waitedMs });
  }
}

function kindOf(error: unknown): string {
  const { name, code, message } = error as { name?: string; code?: unknown; message?: string };
  if (name === 'TimeoutError') return 'timeout';
  return typeof code === 'string' ? code : (message ?? String(error));
}

/** Waits until the time or an abort. Timers can fire early, and a latency is measured from the time. */
async function until(time: number, signal?: AbortSignal): Promise<void> {
  for (let waitMs = time - performance.now(); waitMs > 0 && signal?.aborted !== true; waitMs = time - performance.now())
    await setTimeout(waitMs, undefined, { signal }).catch(() => undefined); // aborted
}
