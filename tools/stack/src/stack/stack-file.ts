import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engines } from '../engines/engines.ts';
import { lockOwner } from '../processes/lock.ts';

export interface Account {
  email: string;
  password: string;
}

/** `.homeroom/stack.json`: a running stack's addresses and accounts, for other commands. */
export interface StackFile {
  pid: number;
  checkout: string;
  gateway: string;
  /** HAProxy's page with the state and load of each instance. */
  balance: string;
  mail?: string | undefined;
  payments: string;
  coordinator: Account;
  /** The first family of the seed. */
  guardian: Account;
  engines: Engines;
  logDir: string;
}

export function writeStackFile(stateDir: string, description: StackFile): void {
  writeFileSync(join(stateDir, 'stack.json'), `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 });
}

export function removeStackFile(stateDir: string): void {
  rmSync(join(stateDir, 'stack.json'), { force: true });
}

/** The stack that runs from this folder; undefined when none does. */
export function readRunningStack(stateDir: string): StackFile | undefined {
  const file = join(stateDir, 'stack.json');
  if (lockOwner(stateDir) === undefined || !existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as StackFile;
}

/** The environment in which @homeroom/testing finds the engines. */
export function testEnvironment({ engines }: Pick<StackFile, 'engines'>): Record<string, string> {
  return {
    TEST_POSTGRES_URL: engines.postgres,
    TEST_POSTGRES_REPLICA_URL: engines.postgresReplicas[0] ?? engines.postgres,
    TEST_REDIS_SESSIONS_URL: engines.redisSessions,
    TEST_REDIS_CACHE_URL: engines.redisCache,
    TEST_KAFKA_BROKERS: engines.kafka,
  };
}
