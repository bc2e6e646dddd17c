import { ConfigError, loadConfig } from '@homeroom/chassis';
import { openDatabase, type Database } from '@homeroom/postgres';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { commandConfig } from '../config.ts';

/** What was typed makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Typed {
  readonly flags: Readonly<Record<string, boolean>>;
  readonly positionals: readonly string[];
}

export interface CommandDeps {
  readonly database: Database;
  readonly config: Readonly<z.infer<typeof commandConfig>>;
}

/** A rebuild reads everything there is in one statement. */
const statementTimeoutMs = 600_000;

/**
 * Runs a command: `--help` prints the usage; a mistake in what was typed or configured is explained and exits 64 or 78,
 * anything else that fails exits 1.
 * @param work gives the text to print, and whether all is well: otherwise the exit code is 1.
 */
export async function runCommand(
  { usage, flags }: { usage: string; flags: readonly string[] },
  work: (typed: Typed, deps: CommandDeps) => Promise<{ text: string; ok: boolean }>,
): Promise<void> {
  let database: Database | undefined;
  try {
    const typed = parse(flags);
    if (typed.flags['help'] === true) {
      process.stdout.write(`${usage}\n`);
      return;
    }
    const config = loadConfig(commandConfig);
    database = openDatabase({
      primaryUrl: config.DATABASE_URL,
      replicaUrls: [],
      poolSize: 2,
      replicaPoolSize: 1,
      applicationName: 'enrollment-command',
      statementTimeoutMs,
    });
    const { text, ok } = await work(typed, { database, config });
    process.stdout.write(`${text}\n`);
    if (!ok) process.exitCode = 1;
  } catch (error) {
    process.exitCode = error instanceof UsageError ? 64 : error instanceof ConfigError ? 78 : 1;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`\n${usage}\n`);
  } finally {
    await database?.close();
  }
}

function parse(flags: readonly string[]): Typed {
  const boolean = { type: 'boolean' } as const;
  const options = Object.fromEntries([...flags, 'help'].map((name) => [name, boolean]));
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { flags: values as Record<string, boolean>, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
