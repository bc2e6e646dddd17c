import { waitFor, type Program } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { Agent, request, type AgentOptions } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startChild } from '../child.ts';

const children: Program[] = [];
const agents: Agent[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    await child.stop('SIGKILL');
  }
  for (const agent of agents.splice(0)) agent.destroy();
});

async function start(body: string, env: Record<string, string> = {}): Promise<Program> {
  const child = await startChild(
    `
    import { createServer, defineErrors, processConfig, runProcess } from '@homeroom/chassis';
    import { setTimeout as delay } from 'node:timers/promises';
    import { z } from 'zod';
    await runProcess({ service: 'things', role: 'api', config: processConfig }, async (shell) => {
      const { config, logger, health, metrics, signal, onClose } = shell;
      const app = await createServer({ service: 'things', config, logger, health, metrics, errors: defineErrors({}),
        openapi: { title: 'Things', description: '', version: '1' } });
      app.get('/api/quick', () => ({}));
      app.get('/api/slow', { schema: { querystring: z.strictObject({ ms: z.string() }) } }, async (request) => { logger.info('slow has begun'); await delay(Number(request.query.ms)); return { slow: true }; });
      ${body}
    });`,
    { RATE_LIMIT_PER_MINUTE: '0', ...env },
  );
  children.push(child);
  return child;
}

const serving = `onClose('pool', async () => { logger.info('pool closed'); });
  onClose('producer', async () => { logger.info('producer closed'); });
  signal.addEventListener('abort', () => logger.info('asked to stop'));
  await shell.serve(app);`;

const originOf = async (child: Program): Promise<string> => String((await child.logged('listening')).address);
const opsOf = async (child: Program): Promise<string> =>
  `http://127.0.0.1:${String((await child.logged('health and metrics')).port)}`;

function openAgent(options?: AgentOptions): Agent {
  const agent = new Agent(options);
  agents.push(agent);
  return agent;
}

interface Answer {
  readonly status: number;
  readonly connection: string | undefined;
}

const get = (url: string, agent: Agent): Promise<Answer> =>
  new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      response
        .resume()
        .on('error', reject)
        .on('end', () => resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }));
    })
      .on('error', reject)
      .end();
  });

const refuses = (origin: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });

describe('a process', () => {
  test('that is misconfigured prints every mistake and exits 78', async () => {
    const child = await start(serving, { PORT: 'x', LOG_LEVEL: 'loud', TRUSTED_PROXIES: 'all' });
    const { code, err } = await child.ended;
    expect(code).toBe(78);
    expect(err).toContain('things api: The configuration has 3 mistakes:');
    for (const name of ['PORT', 'LOG_LEVEL', 'TRUSTED_PROXIES']) expect(err).toContain(`  ${name}: `);
    expect(err).not.toContain('at ');
  });

  test('serves health and metrics on a port of its own', async () => {
    const child = await start(`health.check('database', async () => undefined, { everyMs: 10 }); ${serving}`);
    const [origin, ops] = [await originOf(child), await opsOf(child)];
    await waitFor('ready', async () => (await fetch(`${ops}/health/ready`)).ok);
    expect((await fetch(`${ops}/health/startup`)).status).toBe(200);
    await (await fetch(`${origin}/api/quick`)).text();
    const metrics = await (await fetch(`${ops}/metrics`)).text();
    expect(metrics).toMatch(/http_request_duration_seconds_count{[^}]*route="\/api\/quick"/);
    expect(metrics).toContain('process_cpu_seconds_total{service="things",role="api"}');
    expect((await fetch(`${ops}/api/quick`)).status).toBe(404);
    expect((await fetch(`${origin}/metrics`)).status).toBe(404);
  });

  test('that cannot start closes what it has opened and exits 1', async () => {
    const child = await start(
      `onClose('pool', async () => { logger.info('pool closed'); }); throw new Error('no such table');`,
    );
    expect((await child.ended).code).toBe(1);
    expect(child.log.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['startup failed', 'pool closed']));
  });

  test.each([
    ['an exception', `setTimeout(() => { throw new Error('lost') }, 1);`],
    ['a rejection', `setTimeout(() => void Promise.reject(new Error('lost')), 1);`],
  ])('that did not catch %s logs it and exits 1', async (_, trouble) => {
    const child = await start(`${serving} ${trouble}`);
    expect((await child.ended).code).toBe(1);
    expect(child.log).toContainEqual(
      expect.objectContaining({ level: 'fatal', err: expect.objectContaining({ message: 'lost' }) }),
    );
  });
});

describe('on SIGTERM under keep-alive load', () => {
  test('no client sees an error: not ready, then no new connections, answers with Connection: close, pools last, exit 0', async () => {
    const child = await start(serving, { PRESTOP_DELAY_MS: '300', SHUTDOWN_DEADLINE_MS: '8000' });
    const [origin, ops] = [await originOf(child), await opsOf(child)];
    const agent = openAgent({ keepAlive: true, maxSockets: 20 });
    const idle = connect(Number(new URL(origin).port), '127.0.0.1');
    idle.on('error', () => undefined);
    await Promise.all(Array.from({ length: 20 }, () => get(`${origin}/api/quick`, agent)));

    const slow = get(`${origin}/api/slow?ms=1200`, agent);
    await child.logged('slow has begun');
    const startedAt = performance.now();
    void child.stop();
    await waitFor('not ready', async () => (await fetch(`${ops}/health/ready`)).status === 503, { everyMs: 5 });
    expect(await refuses(origin)).toBe(false);
    // until the balancer has noticed, requests are answered as ever
    expect((await get(`${origin}/api/quick`, agent)).status).toBe(200);

    await waitFor('no new connections', () => refuses(origin), { everyMs: 5 });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(290);
    expect(await slow).toEqual({ status: 200, connection: 'close' });
    expect((await child.ended).code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    const order = child.log.map(({ msg }) => msg).filter((msg) => msg !== 'request' && msg !== 'slow has begun');
    expect(order.slice(order.indexOf('stopping'))).toEqual([
      'stopping',
      'asked to stop',
      'producer closed',
      'pool closed',
      'stopped',
    ]);
    idle.destroy();
  });

  test('a request that comes on an idle connection just after the door was shut is answered', async () => {
    const child = await start(serving);
    const origin = await originOf(child);
    const agent = openAgent({ keepAlive: true, maxSockets: 1 });
    await get(`${origin}/api/quick`, agent);
    void child.stop();
    await waitFor('the door to be shut', () => refuses(origin), { everyMs: 5 });
    expect(await get(`${origin}/api/quick`, agent)).toEqual({ status: 200, connection: 'close' });
    expect((await child.ended).code).toBe(0);
  });

  // answered after the signal, however late that comes
  const lastRoute = `app.get('/api/last', async () => {
    logger.info('last has begun');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await delay(100);
    return {};
  });`;

  testWithSwitch(
    '200 requests a second on 10 connections lose none',
    { name: 'SHUTDOWN_DEADLINE_MS', on: '10000', off: '1', failure: /\+ +"ECONNRESET"/ },
    async (deadlineMs) => {
      const env = { PRESTOP_DELAY_MS: '200', SHUTDOWN_DEADLINE_MS: deadlineMs };
      const child = await start(`${lastRoute} ${serving}`, env);
      const origin = await originOf(child);
      const agent = openAgent({ keepAlive: true, maxSockets: 10 });
      let stopped = false;
      const statuses: number[] = [];
      const errors: NodeJS.ErrnoException[] = [];
      const ask = async (path: string): Promise<void> => {
        try {
          statuses.push((await get(`${origin}${path}`, agent)).status);
        } catch (error) {
          errors.push(error as NodeJS.ErrnoException);
          stopped = true;
        }
      };
      const client = async (): Promise<void> => {
        while (!stopped) await ask('/api/slow?ms=20');
      };
      const clients = Array.from({ length: 10 }, client);
      await waitFor('load', () => statuses.length > 50);
      clients.push(ask('/api/last'));
      await child.logged('last has begun');
      const exitCode = await child.stop();
      stopped = true;
      await Promise.all(clients);
      // a connection that is refused was never accepted: a balancer goes elsewhere. One that is reset was ours to answer
      expect(errors.map(({ code }) => code).filter((code) => code !== 'ECONNREFUSED')).toEqual([]);
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(exitCode).toBe(0);
    },
  );

  test('a request that never ends is cut in time for the pools to close', async () => {
    const child = await start(serving, { SHUTDOWN_DEADLINE_MS: '1500' });
    const origin = await originOf(child);
    const agent = openAgent();
    const cut = get(`${origin}/api/slow?ms=60000`, agent).catch(
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
    await child.logged('slow has begun');
    const startedAt = performance.now();
    void child.stop();
    expect(await cut).toBe('ECONNRESET');
    expect((await child.ended).code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(child.log.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['connections were cut', 'pool closed']));
  });

  test('a pool that does not close is left behind at the deadline, with exit 1', async () => {
    const child = await start(`onClose('pool', () => new Promise(() => undefined)); await shell.serve(app);`, {
      SHUTDOWN_DEADLINE_MS: '700',
    });
    await originOf(child);
    const startedAt = performance.now();
    expect(await child.stop()).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(child.log.at(-1)).toMatchObject({ msg: 'shutdown deadline exceeded' });
  });

  test('a second signal ends it at once', async () => {
    const child = await start(serving, { PRESTOP_DELAY_MS: '60000', SHUTDOWN_DEADLINE_MS: '90000' });
    await originOf(child);
    void child.stop();
    await child.logged('stopping');
    expect(await child.stop('SIGINT')).toBe(1);
  });
});
