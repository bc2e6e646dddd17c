import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { run, type RunOptions } from '../src/run.ts';
import { scenario } from '../src/scenarios.ts';

let server: Server | undefined;

afterEach(async () => {
  if (server?.listening !== true) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function listen(listener: RequestListener): Promise<URL> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const options = (origin: URL, changes: Partial<RunOptions> = {}): RunOptions => ({
  origin,
  scenario: scenario('paths', ['/']),
  arrival: 'constant',
  rate: 100,
  seconds: 1,
  clients: 5,
  timeoutMs: 5_000,
  maxInFlight: 1_000,
  podHeader: 'x-served-by',
  ...changes,
});

describe('a run', () => {
  test('sends every arrival, ends by itself and counts by pod', async () => {
    let n = 0;
    const origin = await listen((_request, response) => {
      n += 1;
      response.setHeader('x-served-by', `pod-${n % 2}`).end('ok');
    });
    const report = await run(options(origin, { rate: 200, seconds: 0.5 }));
    expect(report).toMatchObject({ scheduled: 100, sent: 100, ok: 100, failed: 0, pods: { 'pod-0': 50, 'pod-1': 50 } });
    expect(n).toBe(100);
  });

  test('sends nothing before its time: it would be timed from a moment when nobody waited yet', async () => {
    const origin = await listen((_request, response) => response.end('ok'));
    const given = scenario('paths', ['/']);
    const sentAt: number[] = [];
    let prepared = 0;
    const observed = {
      ...given,
      prepare: () => Promise.resolve(void (prepared = performance.now())),
      next: (...args: Parameters<typeof given.next>) => (sentAt.push(performance.now()), given.next(...args)),
    };
    await run(options(origin, { scenario: observed, rate: 400, seconds: 0.5 }));
    const early = sentAt.filter((at, n) => at - prepared < (n * 1_000) / 400);
    expect(sentAt).toHaveLength(200);
    expect(early).toEqual([]);
  });

  test('goes on sending while the server stalls, and every request that arrived meanwhile shows the stall', async () => {
    const stallMs = 500;
    const began = performance.now();
    let waitingAtOnce = 0;
    let most = 0;
    const origin = await listen((_request, response) => {
      most = Math.max(most, (waitingAtOnce += 1));
      const stalled = stallMs - (performance.now() - began);
      setTimeout(
        () => {
          waitingAtOnce -= 1;
          response.end('ok');
        },
        Math.max(0, stalled),
      );
    });
    const report = await run(options(origin, { rate: 100, seconds: 1 }));
    expect(report.ok).toBe(100);
    // a client that waits for its answer before it asks again would have five requests waiting, and see one stall each
    expect(most).toBeGreaterThan(25);
    expect(report.latencyMs.p90).toBeGreaterThan(stallMs / 2);
    expect(report.latencyMs.p50).toBeLessThan(stallMs / 2);
  });

  test('says what failed, by kind', async () => {
    let n = 0;
    const origin = await listen((request, response) => {
      n += 1;
      if (n % 4 === 0) response.writeHead(503).end();
      else if (n % 4 === 1) request.socket.destroy();
      else if (n % 4 === 2) response.end('ok');
      // one in four is never answered
    });
    const report = await run(options(origin, { count: 20, timeoutMs: 200, clients: 20 }));
    expect(report.failures).toEqual({ 'status 503': 5, ECONNRESET: 5, timeout: 5 });
    expect(report.ok).toBe(5);
    expect(report.latencyMs.max).toBeGreaterThanOrEqual(195);
  });

  test('counts what it could not send instead of sending it later', async () => {
    const origin = await listen(() => undefined);
    const report = await run(options(origin, { count: 20, maxInFlight: 5, timeoutMs: 400 }));
    expect(report.sent).toBe(5);
    expect(report.failures['not sent: too many in flight']).toBe(15);
  });

  test('sends a GET again, and says so, when a kept connection had just been closed', async () => {
    const served = new WeakSet();
    const origin = await listen((request, response) => {
      if (served.has(request.socket)) request.socket.destroy();
      else response.end('ok');
      served.add(request.socket);
    });
    const report = await run(options(origin, { count: 4, clients: 1, rate: 20 }));
    expect(report).toMatchObject({ ok: 4, failed: 0, resent: 2 });
  });

  test('ends early when it is told to', async () => {
    const origin = await listen((_request, response) => response.end('ok'));
    const stop = new AbortController();
    const report = await run(options(origin, { seconds: 60, signal: stop.signal, onSecond: () => stop.abort() }));
    expect(report.seconds).toBeLessThan(10);
    expect(report.ok).toBe(report.scheduled);
  });
});

describe('the sessions scenario', () => {
  const familyOf = (cookie: string): string => cookie.replace('homeroom=', '');
  const house = (lose: (n: number) => boolean): RequestListener => {
    let n = 0;
    let families = 0;
    return (request, response) => {
      if (request.method === 'POST') {
        if (request.url === '/api/families') response.writeHead(201).end(`{"id":"family-${(families += 1)}"}`);
        else response.writeHead(201, { 'set-cookie': `homeroom=family-${families}; Path=/; HttpOnly` }).end('{}');
        return;
      }
      const { cookie } = request.headers;
      if (cookie === undefined || lose((n += 1))) response.writeHead(401).end();
      else response.end(`{"familyId":"${familyOf(cookie)}"}`);
    };
  };

  test('keeps each client signed in as itself', async () => {
    const report = await run(
      options(await listen(house(() => false)), { scenario: scenario('sessions', []), count: 40 }),
    );
    expect(report).toMatchObject({ ok: 40, failed: 0 });
  });

  test('sees a session that was lost', async () => {
    const report = await run(
      options(await listen(house((n) => n === 30)), { scenario: scenario('sessions', []), count: 40 }),
    );
    expect(report.failures).toEqual({ 'session lost': 1 });
  });
});

describe('the change scenario', () => {
  test('writes as each client, and sees an answer that is another’s', async () => {
    let writes = 0;
    const origin = await listen((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (request.method === 'POST') response.writeHead(201).end('{"id":"family-1"}');
        else if (request.method === 'GET') response.end('{}');
        else response.end((writes += 1) === 7 ? '{"name":"Load"}' : body);
      });
    });
    const report = await run(options(origin, { scenario: scenario('change', []), count: 10 }));
    expect(report).toMatchObject({ ok: 9, failures: { 'somebody else’s answer': 1 } });
    expect(writes).toBe(10);
  });
});

describe('the enroll scenario', () => {
  const coordinator = { email: 'c@example.org', password: 'secret' };

  /** Answers as the services do; the enrolments whose number `forgets` says are confirmed and not kept. */
  function coOp(forgets: (n: number) => boolean): RequestListener {
    let ids = 0;
    let early = 1;
    const kept: { id: string; status: string }[] = [];
    return (request, response) => {
      if (request.method === 'GET') {
        response.end(JSON.stringify(request.url?.startsWith('/api/enrollments') === true ? { items: kept } : {}));
      } else if (request.url === '/api/enrollments' && early > 0) {
        early -= 1;
        response.writeHead(409).end('{"code":"family_not_ready"}');
      } else {
        const id = `id-${(ids += 1)}`;
        if (request.url === '/api/enrollments' && !forgets(ids)) kept.push({ id, status: 'payment_pending' });
        response.writeHead(201).end(JSON.stringify({ id }));
      }
    };
  }
  const runs = (listener: RequestListener, changes: Partial<RunOptions> = {}) =>
    listen(listener).then((origin) =>
      run(options(origin, { scenario: scenario('enroll', [], coordinator), clients: 1, count: 10, ...changes })),
    );

  test('waits for the family’s arrival, enrols and finds everything again', async () => {
    expect(await runs(coOp(() => false))).toMatchObject({ ok: 10, failed: 0, lost: 0 });
  });

  test('counts an enrolment that was confirmed and is gone', async () => {
    // 70 classes, coordinator, family, guardian and child come before
    expect(await runs(coOp((n) => n === 80))).toMatchObject({ ok: 10, failed: 0, lost: 1 });
  });

  test('says what is missing where nobody may open classes', async () => {
    const origin = await listen(coOp(() => false));
    const scenarioWithout = scenario('enroll', []);
    await expect(run(options(origin, { scenario: scenarioWithout }))).rejects.toThrow('LOAD_COORDINATOR_EMAIL');
  });
});

describe('the register scenario', () => {
  test('finds again what was confirmed, and counts what was lost', async () => {
    const known = new Set<string>();
    let n = 0;
    const origin = await listen((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const sent = JSON.parse(body) as { email?: string; guardian?: { email: string } };
        if (sent.guardian !== undefined && (n += 1) !== 3) known.add(sent.guardian.email);
        const found = sent.guardian !== undefined || known.has(sent.email!);
        response.writeHead(found ? 201 : 401).end('{}');
      });
    });
    const report = await run(options(origin, { scenario: scenario('register', []), count: 10 }));
    expect(report).toMatchObject({ ok: 10, failed: 0, lost: 1 });
  });
});
