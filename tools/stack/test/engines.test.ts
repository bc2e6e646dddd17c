import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { waitFor } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withClient } from '../src/engines/postgres.ts';
import { checkout, readStackOptions, type StackOptions } from '../src/options/options.ts';
import { portNames, portsOf } from '../src/options/port-table.ts';
import { freePorts, isFree } from '../src/machine/ports.ts';
import { silent } from '@homeroom/terminal';
import { readRecords, startTimeOf } from '../src/processes/records.ts';
import { startStack, type RunningStack } from '../src/stack/stack.ts';
import { readRunningStack } from '../src/stack/stack-file.ts';

// closed to everybody but its owner, as a checkout below /root is: Postgres must find its way as another user
let stateDir: string;
let options: StackOptions;
beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'homeroom-engines-'));
  options = {
    ...readStackOptions([], {}).options,
    stateDir,
    ports: portsOf(await freePorts(portNames.length)),
    durable: false,
  };
});
afterAll(() => rmSync(stateDir, { recursive: true }));

const enginePorts = [
  'postgres',
  'postgres-replica',
  'redis-sessions',
  'redis-cache',
  'kafka',
  'kafka-controller',
] as const;
const start = (): Promise<RunningStack> => startStack(options, silent, { enginesOnly: true });

describe('the engines', () => {
  test('come up with the data they were stopped with, and leave no process', async () => {
    const first = await start();
    const pids = [...first.supervisor.pids().values()];
    try {
      await withClient(first.description.engines.postgres, (client) =>
        client.query('create table kept as select 42 as answer'),
      );
      await withRedis(first.description.engines.redisSessions, (redis) => redis.set('kept', 'yes'));
    } finally {
      await first.stop();
    }
    expect(pids).toHaveLength(5);
    expect(pids.filter((pid) => startTimeOf(pid) !== undefined)).toEqual([]);
    expect(await Promise.all(enginePorts.map((name) => isFree(options.ports[name], options.host)))).not.toContain(
      false,
    );

    const second = await start();
    try {
      // the replica follows, and holds what was written before the stop
      await waitFor('the replica to have the row', () => answerOn(second.description.engines.postgresReplicas[0]!));
      expect(await answerOn(second.description.engines.postgres)).toBe(42);
      expect(await withRedis(second.description.engines.redisSessions, (redis) => redis.get('kept'))).toBe('yes');
      // sessions lose nothing, the cache evicts what is used least
      expect(await policyOf(second.description.engines.redisSessions)).toBe('noeviction');
      expect(await policyOf(second.description.engines.redisCache)).toBe('allkeys-lfu');
    } finally {
      await second.stop();
    }
  }, 120_000);

  test('of a supervisor that was killed are ended by the next start, which takes their ports', async () => {
    const args = [
      '--conditions=@homeroom/source',
      join(checkout, 'tools/stack/src/commands/engines.ts'),
      '--state',
      stateDir,
    ];
    const env = Object.fromEntries(
      portNames.map((name) => [
        `HOMEROOM_PORT_${name.toUpperCase().replaceAll('-', '_')}`,
        String(options.ports[name]),
      ]),
    );
    const killed = spawn(process.execPath, args, {
      env: { ...process.env, ...env, NODE_OPTIONS: '' },
      stdio: 'ignore',
    });
    await waitFor('the first stack', () => readRunningStack(stateDir), { timeoutMs: 60_000 });
    killed.kill('SIGKILL');
    await waitFor('its end', () => readRunningStack(stateDir) === undefined);
    const left = readRecords(join(stateDir, 'run'));
    expect(left.filter(({ pid, startedAt }) => startTimeOf(pid) === startedAt)).toHaveLength(5);

    const next = await start();
    try {
      expect(left.filter(({ pid, startedAt }) => startTimeOf(pid) === startedAt)).toEqual([]);
      expect(await answerOn(next.description.engines.postgres)).toBe(42);
    } finally {
      await next.stop();
    }
    expect(readdirSync(join(stateDir, 'run'))).toEqual([]);
  }, 120_000);
});

async function answerOn(url: string): Promise<number | undefined> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ answer: number }>(`select answer from kept`);
    return rows[0]?.answer;
  });
}

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

async function policyOf(url: string): Promise<string | undefined> {
  const [, policy] = await withRedis(url, async (redis) => await redis.config('GET', 'maxmemory-policy'));
  return policy;
}
