import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { endStale, lockOwner } from '../processes/lock.ts';
import type { StackOptions } from '../options/options.ts';
import { portNames, portsOf } from '../options/port-table.ts';
import { freePorts } from '../machine/ports.ts';

const folder = (checkout: string): string => join(checkout, '.homeroom', 'private');

/** Options for a stack of its own: free ports, a folder that is thrown away, nothing from the caller's environment. */
export async function privateStack(
  options: StackOptions,
  purpose: string,
  { durable = false }: { durable?: boolean } = {},
): Promise<{ options: StackOptions; remove(): void }> {
  const stateDir = join(folder(options.checkout), `${purpose}-${process.pid}`);
  const ports = portsOf(await freePorts(portNames.length));
  const env = Object.fromEntries(
    Object.entries(options.env).filter(([name]) => ['PATH', 'HOME', 'LANG', 'TMPDIR', 'JAVA_HOME'].includes(name)),
  );
  return {
    options: { ...options, stateDir, ports, env, external: {}, host: '127.0.0.1', seed: false, durable },
    remove: () => rmSync(stateDir, { recursive: true, force: true }),
  };
}

const YOUNG_MS = 60_000;

/** Ends and removes the private stacks of commands that were killed. */
export async function removeAbandoned(checkout: string): Promise<void> {
  if (!existsSync(folder(checkout))) return;
  for (const name of readdirSync(folder(checkout))) {
    const stateDir = join(folder(checkout), name);
    // a stack that is only just being made has no lock yet, and one that ends removes its folder itself
    const changedAt = statSync(stateDir, { throwIfNoEntry: false })?.mtimeMs;
    const isYoung = changedAt === undefined || Date.now() - changedAt < YOUNG_MS;
    if (isYoung || lockOwner(stateDir) !== undefined) continue;
    await endStale(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  }
}
