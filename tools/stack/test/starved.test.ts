import { createTestDatabase, testRedis, waitFor, type TestDatabase } from '@homeroom/testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout } from '../src/options/options.ts';
import { Supervisor } from '../src/processes/supervisor.ts';
import { expectOk, untilServing } from '../src/processes/serving.ts';
import { TestGateway, type Answer } from './test-gateway.ts';

const names = ['enrollment-1', 'enrollment-2'] as const;
const stoppedMs = 1_400;
const runningMs = 100;

let database: TestDatabase;
let gateway: TestGateway;
let supervisor: Supervisor;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'homeroom-starved-'));
  database = await createTestDatabase('enrollment');
  gateway = await TestGateway.open();
  supervisor = new Supervisor({ runDir: join(dir, 'run'), logDir: join(dir, 'log') });
  const { sessionsUrl, cacheUrl } = await testRedis();
  const start = async (name: (typeof names)[number]): Promise<void> =>
    supervisor.start({
      name,
      command: process.execPath,
      args: ['--conditions=@homeroom/source', 'src/api.ts'],
      cwd: join(checkout, 'services/enrollment'),
      env: {
        PATH: process.env['PATH'],
        HOST: gateway.host,
        PORT: String(gateway.ports[name]),
        OPS_PORT: String(gateway.ports[`${name}-ops`]),
        DATABASE_URL: database.url,
        DATABASE_REPLICA_URLS: '',
        DATABASE_POOL_SIZE: '2',
        REDIS_SESSIONS_URL: sessionsUrl,
        REDIS_CACHE_URL: cacheUrl,
        CURSOR_SECRET: 'a secret for tests only',
        PAYMENT_WEBHOOK_SECRET: 'a secret for tests only',
        RATE_LIMIT_PER_MINUTE: '0',
        LOG_FORMAT: 'json',
      },
      ready: (signal) => untilServing(signal, () => expectOk(ops(name))),
    });
  await Promise.all(names.map(start));
}, 60_000);
afterAll(async () => {
  await supervisor.stop(supervisor.names());
  await gateway.close();
  await database.drop();
  rmSync(dir, { recursive: true });
});

const ops = (name: (typeof names)[number]): string =>
  `http://${gateway.host}:${gateway.ports[`${name}-ops`]}/health/ready`;

interface Seen {
  /** Moments at which the gateway took every instance for down. */
  noneUp: number;
  /** Moments at which every instance said itself that it was not ready. */
  noneReady: number;
  moments: number;
  /** Answers that the gateway gave in a service's place. */
  unavailable: number;
  answered: number;
}

/**
 * Takes the CPU from all instances at once, as a quota does that is used up: of every 1.5 s they run 100 ms. Meanwhile sends requests
 * and looks every 100 ms at what the gateway and the instances hold of themselves. Ends after `forMs`, or once enough was seen.
 */
async function starve(forMs: number, isEnough: (seen: Seen) => boolean = () => false): Promise<Seen> {
  const seen: Seen = { noneUp: 0, noneReady: 0, moments: 0, unavailable: 0, answered: 0 };
  const pids = names.map((name) => supervisor.pids().get(name)!);
  const signal = (name: NodeJS.Signals): void => pids.forEach((pid) => void process.kill(pid, name));
  const endsAt = performance.now() + forMs;
  const going = (): boolean => performance.now() < endsAt && !isEnough(seen);
  const throttle = async (): Promise<void> => {
    try {
      while (going()) {
        signal('SIGSTOP');
        await sleep(stoppedMs);
        signal('SIGCONT');
        await sleep(runningMs);
      }
    } finally {
      signal('SIGCONT');
    }
  };
  const ask = async (): Promise<void> => {
    const { status, text } = await gateway.send('/api/classes?q=pottery', { agent: false });
    if (status === 200) seen.answered += 1;
    if (isFromGateway(status, text)) seen.unavailable += 1;
  };
  // users arrive whether the ones before them have been answered or not
  const arrive = async (): Promise<void> => {
    const asked: Promise<void>[] = [];
    while (going()) {
      asked.push(ask());
      await sleep(50);
    }
    await Promise.all(asked);
  };
  const lookAtGateway = async (): Promise<void> => {
    while (going()) {
      if ((await upInGateway()) === 0) seen.noneUp += 1;
      seen.moments += 1;
      await sleep(100);
    }
  };
  const lookAtInstances = async (): Promise<void> => {
    while (going()) {
      const ready = await Promise.all(names.map(isReady));
      if (!ready.includes(true)) seen.noneReady += 1;
    }
  };
  await Promise.all([throttle(), lookAtGateway(), lookAtInstances(), arrive()]);
  return seen;
}

const isFromGateway = (status: number, text: string): boolean =>
  status === 503 && JSON.parse(text).title === 'No instance of the service can be reached';

async function upInGateway(): Promise<number> {
  const { text }: Answer = await gateway.send('/;csv', { port: gateway.ports.balance });
  return text.split('\n').filter((line) => /^enrollment,enrollment-\d,/.test(line) && line.includes(',UP')).length;
}

/** As a kubelet asks: it waits 5 s for the answer. */
const isReady = async (name: (typeof names)[number]): Promise<boolean> =>
  (await fetch(ops(name), { signal: AbortSignal.timeout(5_000) })).status === 200;

const bothUp = (): Promise<boolean> => waitFor('both to be up', async () => (await upInGateway()) === 2);

test('S17: with the CPU taken from them, the instances are never all unready, and no client hears that there is none', async () => {
  await gateway.start({});
  await bothUp();
  const seen = await starve(9_000);
  expect(seen).toMatchObject({ noneUp: 0, noneReady: 0, unavailable: 0 });
  expect(seen.moments).toBeGreaterThan(20);
  expect(seen.answered).toBeGreaterThan(0);
});

test('S17: a gateway that takes late for dead, and asks nobody then, refuses everything at such a time', async () => {
  await gateway.start({}, (text) =>
    text
      .replace(/^ {2}timeout check .*\n/m, '')
      .replace('inter 500ms fastinter 250ms fall 3', 'inter 500ms fall 2')
      .replace(/^ {2}use_backend \w+-last-resort .*\n/gm, '')
      .replace(
        'use_backend enrollment if of_enrollment { nbsrv(enrollment) gt 0 }',
        'use_backend enrollment if of_enrollment',
      ),
  );
  await bothUp();
  // two checks of both instances must fall into one gap: that happens soon, but not in every gap
  const seen = await starve(60_000, ({ noneUp, unavailable }) => noneUp > 0 && unavailable > 0);
  expect(seen.noneUp).toBeGreaterThan(0);
  expect(seen.unavailable).toBeGreaterThan(0);
}, 90_000);

test('an instance that is killed is left within two seconds, and costs no GET its answer', async () => {
  await gateway.start({});
  await bothUp();
  const killedAt = performance.now();
  process.kill(supervisor.pids().get('enrollment-2')!, 'SIGKILL');
  const statuses = new Set<number>();
  await waitFor('the gateway to leave it', async () => {
    statuses.add((await gateway.get('/api/classes')).status);
    return (await upInGateway()) === 1;
  });
  expect(performance.now() - killedAt).toBeLessThan(2_000);
  expect([...statuses]).toEqual([200]);
});
