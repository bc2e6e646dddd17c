import type { RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { exitStatus } from '../src/exit-status.ts';
import { Recorder } from '../src/recorder.ts';
import { run, type RunOptions } from '../src/run.ts';
import { scenario } from '../src/scenarios.ts';
import { listen } from './listen.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

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

  test('sends nothing before its time, because latency counts from then', async () => {
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

  test('measures nothing below zero', async () => {
    const done = jest.spyOn(Recorder.prototype, 'done');
    const origin = await listen((_request, response) => response.end('ok'));
    await run(options(origin, { rate: 1_000 }));
    const latencies = done.mock.calls.map(([{ latencyMs }]) => latencyMs!);
    expect(latencies).toHaveLength(1_000);
    expect(Math.min(...latencies)).toBeGreaterThanOrEqual(0);
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

  test('shows a stall also to those who could not be sent during it', async () => {
    let until: number | undefined;
    const origin = await listen((_request, response) => {
      until ??= performance.now() + 300;
      setTimeout(() => response.end('ok'), Math.max(0, until - performance.now()));
    });
    const report = await run(options(origin, { rate: 200, count: 20, maxInFlight: 5, timeoutMs: 5_000 }));
    expect(report).toMatchObject({ ok: 5, failed: 15, failures: { 'not sent: too many in flight': 15 } });
    expect(report.latencyMs.p95).toBeGreaterThanOrEqual(5_000);
  });

  test('shows how long was waited for a connection that broke', async () => {
    const origin = await listen((request) => void setTimeout(() => request.socket.destroy(), 200));
    const report = await run(options(origin, { count: 10, clients: 10 }));
    expect(report.failures).toEqual({ ECONNRESET: 10 });
    expect(report.latencyMs.p50).toBeGreaterThan(150);
  });

  test('measures nothing where there was nothing to send', async () => {
    const idle = {
      ...scenario('paths', ['/']),
      next: () => {
        throw new Error('nothing left');
      },
    };
    const report = await run(options(new URL('http://127.0.0.1:1'), { scenario: idle, count: 3 }));
    expect(report).toMatchObject({ failures: { 'nothing left': 3 }, latencyMs: { max: 0 } });
  });

  test('says how many were sent again because a kept connection had just been closed', async () => {
    const served = new WeakSet();
    let closed = 0;
    const origin = await listen((request, response) => {
      if (served.has(request.socket)) {
        closed += 1;
        request.socket.destroy();
      } else response.end('ok');
      served.add(request.socket);
    });
    const report = await run(options(origin, { count: 40, clients: 1 }));
    // one that this machine was too slow to notice at once is a failure
    expect(report.resent + report.failed).toBe(closed);
    expect(report.resent).toBeGreaterThan(0);
  });

  test('ends early when aborted', async () => {
    const origin = await listen((_request, response) => response.end('ok'));
    const stop = new AbortController();
    const report = await run(options(origin, { seconds: 60, signal: stop.signal, onSecond: () => stop.abort() }));
    expect(report.seconds).toBeLessThan(10);
    expect(report.ok).toBe(report.scheduled);
  });

  test('sends nothing early when aborted while it waits for an arrival', async () => {
    const origin = await listen((_request, response) => response.end('ok'));
    const stop = new AbortController();
    const stopping = {
      ...scenario('paths', ['/']),
      wrong: () => {
        stop.abort();
        return undefined;
      },
    };
    const report = await run(options(origin, { scenario: stopping, rate: 0.1, seconds: 60, signal: stop.signal }));
    expect(report).toMatchObject({ scheduled: 1, sent: 1, ok: 1 });
  });

  test('prepares no further client when aborted before', async () => {
    const stop = new AbortController();
    let began = 0;
    const stopping = {
      ...scenario('paths', ['/']),
      prepare: () => {
        began += 1;
        if (began === 3) stop.abort();
        return Promise.resolve();
      },
    };
    const report = await run(
      options(new URL('http://127.0.0.1:1'), { scenario: stopping, signal: stop.signal, clients: 1_000 }),
    );
    expect([began, report.scheduled]).toEqual([3, 0]);
    expect(exitStatus(report, { maxFailed: Infinity, stopped: true })).toBe(2);
  });

  test('still says why a client could not begin', async () => {
    const refusing = { ...scenario('paths', ['/']), prepare: () => Promise.reject(new Error('no room')) };
    const { signal } = new AbortController();
    await expect(run(options(new URL('http://127.0.0.1:1'), { scenario: refusing, signal }))).rejects.toThrow(
      'no room',
    );
  });

  test('makes no report in between for those who do not look', async () => {
    const reported = jest.spyOn(Recorder.prototype, 'report');
    const origin = await listen((_request, response) => response.end('ok'));
    const stop = new AbortController();
    const onSecond = (): void => stop.abort();
    await run(options(origin, { seconds: 60, rate: 10, signal: stop.signal, onSecond }));
    expect(reported).toHaveBeenCalledTimes(1);
  });
});

describe('the sessions scenario', () => {
  const familyOf = (cookie: string): string => cookie.replace('homeroom=', '');
  const services = (lose: (n: number) => boolean): RequestListener => {
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
      options(await listen(services(() => false)), { scenario: scenario('sessions', []), count: 40 }),
    );
    expect(report).toMatchObject({ ok: 40, failed: 0 });
  });

  test('ends early while a family cannot be read yet', async () => {
    const stop = new AbortController();
    const signUps = services(() => false);
    let asked = 0;
    const origin = await listen((request, response) => {
      if (request.method === 'POST') {
        signUps(request, response);
        return;
      }
      if ((asked += 1) === 2) stop.abort();
      response.writeHead(404).end();
    });
    const report = await run(options(origin, { scenario: scenario('sessions', []), signal: stop.signal }));
    expect([asked, report.scheduled]).toEqual([2, 0]);
  });

  test('sees a session that was lost', async () => {
    const report = await run(
      options(await listen(services((n) => n === 30)), { scenario: scenario('sessions', []), count: 40 }),
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
    expect(report).toMatchObject({ ok: 9, failures: { 'another client’s data': 1 } });
    expect(writes).toBe(10);
  });
});

describe('the enroll scenario', () => {
  const coordinator = { email: 'c@example.org', password: 'secret' };

  /** Answers as the services do; enrollments whose number `loses` matches are confirmed and not kept. */
  function coOp(loses: (n: number) => boolean): RequestListener {
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
        if (request.url === '/api/enrollments' && !loses(ids)) kept.push({ id, status: 'payment_pending' });
        response.writeHead(201).end(JSON.stringify({ id }));
      }
    };
  }
  const runs = (listener: RequestListener, changes: Partial<RunOptions> = {}) =>
    listen(listener).then((origin) =>
      run(options(origin, { scenario: scenario('enroll', [], coordinator), clients: 1, count: 10, ...changes })),
    );

  test('waits for the family’s arrival, enrolls, and finds everything again', async () => {
    expect(await runs(coOp(() => false))).toMatchObject({ ok: 10, failed: 0, lost: 0 });
  });

  test('counts an enrollment that was confirmed and is lost', async () => {
    // 70 classes, coordinator, family, guardian and child come before
    expect(await runs(coOp((n) => n === 80))).toMatchObject({ ok: 10, failed: 0, lost: 1 });
  });

  test.each([
    ['answers that say nothing', (response: ServerResponse) => response.writeHead(503).end()],
    ['a session that was lost', (response: ServerResponse) => response.writeHead(401).end()],
    ['half a list', (response: ServerResponse) => response.end('{"items":[')],
    ['no answer', (response: ServerResponse) => response.destroy()],
  ])('counts nothing as lost by %s', async (_what, answer) => {
    const services = coOp(() => false);
    const report = await runs(
      (request, response) => {
        if (request.url === '/api/enrollments?limit=100') answer(response);
        else services(request, response);
      },
      { lookAgainAfterMs: [1, 1] },
    );
    expect(report).toMatchObject({ ok: 10, failed: 0, lost: 0, unknown: 10 });
  });

  test('asks again for the list', async () => {
    const services = coOp((n) => n === 80);
    let asked = 0;
    const report = await runs(
      (request, response) => {
        if (request.url === '/api/enrollments?limit=100' && (asked += 1) < 3) response.writeHead(503).end();
        else services(request, response);
      },
      { lookAgainAfterMs: [1, 1] },
    );
    expect(report).toMatchObject({ lost: 1, unknown: 0 });
  });

  test.each([
    ['classes are opened', '/api/classes', 201],
    ['the family is on its way', '/api/enrollments', 409],
  ])('ends early while %s', async (_when, path, status) => {
    const stop = new AbortController();
    const services = coOp(() => false);
    let asked = 0;
    const report = await runs(
      (request, response) => {
        if (request.url !== path) {
          services(request, response);
          return;
        }
        if ((asked += 1) === 2) stop.abort();
        response.writeHead(status).end('{"id":"id"}');
      },
      { signal: stop.signal },
    );
    expect([asked, report.scheduled]).toEqual([2, 0]);
  });

  test('reports the missing account that may create classes', async () => {
    const origin = await listen(coOp(() => false));
    const scenarioWithout = scenario('enroll', []);
    await expect(run(options(origin, { scenario: scenarioWithout }))).rejects.toThrow('LOAD_COORDINATOR_EMAIL');
  });
});

describe('the register scenario', () => {
  /** Registers everybody; `answer` says what becomes of a sign-in, with how often that address was tried. */
  function services(answer: (response: ServerResponse, tries: number, nth: number) => void): RequestListener {
    const tries = new Map<string, number>();
    return (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { email } = JSON.parse(body) as { email?: string };
        if (email === undefined) {
          response.writeHead(201).end('{}');
          return;
        }
        tries.set(email, (tries.get(email) ?? 0) + 1);
        answer(response, tries.get(email)!, [...tries.keys()].indexOf(email) + 1);
      });
    };
  }
  const runs = (listener: RequestListener, changes: Partial<RunOptions> = {}) =>
    listen(listener).then((origin) =>
      run(options(origin, { scenario: scenario('register', []), count: 10, lookAgainAfterMs: [1, 1, 1], ...changes })),
    );

  test('finds again what was confirmed, and counts what was lost', async () => {
    const report = await runs(services((response, _tries, nth) => response.writeHead(nth === 3 ? 401 : 201).end('{}')));
    expect(report).toMatchObject({ ok: 10, failed: 0, lost: 1, unknown: 0 });
  });

  test.each([
    ['503', (response: ServerResponse) => response.writeHead(503).end()],
    ['429', (response: ServerResponse) => response.writeHead(429).end()],
    ['no answer', (response: ServerResponse) => response.destroy()],
  ])('takes %s for no loss, and asks again', async (_what, refuse) => {
    const report = await runs(
      services((response, tries) => (tries < 3 ? refuse(response) : response.writeHead(201).end('{}'))),
    );
    expect(report).toMatchObject({ ok: 10, failed: 0, lost: 0, unknown: 0 });
  });

  test('reports no success when what was confirmed cannot be checked', async () => {
    const report = await runs(services((response) => response.writeHead(503).end()));
    expect(report).toMatchObject({ ok: 10, failed: 0, lost: 0, unknown: 10 });
    expect(exitStatus(report, { maxFailed: Infinity, stopped: false })).toBe(1);
  });

  test('looks for nothing more when aborted, and does not count that as found', async () => {
    const stop = new AbortController();
    let asked = 0;
    const report = await runs(
      services((response) => {
        asked += 1;
        stop.abort();
        response.writeHead(201).end('{}');
      }),
      { signal: stop.signal },
    );
    expect(asked).toBe(1);
    expect(report).toMatchObject({ lost: 0, unknown: 9 });
  });
});
