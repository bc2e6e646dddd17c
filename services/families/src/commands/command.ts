import { ConfigError, loadConfig } from '@homeroom/chassis';
import { openDatabase, type Database } from '@homeroom/postgres';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { openPasswords, type Passwords } from '../accounts/passwords.ts';
import { commandConfig } from '../config.ts';

/** What was typed makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Typed {
  /** `--name value`, by name. */
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

/**
 * Runs a command: `--help` prints the usage; a mistake in what was typed or configured is explained and exits 64 or 78,
 * anything else that fails exits 1.
 * @param options names of the options, each with a value.
 */
export async function runCommand(
  { usage, options }: { usage: string; options: readonly string[] },
  work: (typed: Typed, deps: { database: Database; passwords: Passwords }) => Promise<string>,
): Promise<void> {
  let database: Database | undefined;
  try {
    const typed = parse(options);
    if (typed.values['help'] === true) {
      process.stdout.write(`${usage}\n`);
      return;
    }
    const { DATABASE_URL: primaryUrl } = loadConfig(commandConfig);
    database = openDatabase({
      primaryUrl,
      replicaUrls: [],
      poolSize: 2,
      replicaPoolSize: 1,
      applicationName: 'families-command',
    });
    // the secret is for comparing requests, and there are none here
    const passwords = openPasswords({ secret: '', concurrent: 4, queued: 100 });
    process.stdout.write(`${await work(typed, { database, passwords })}\n`);
  } catch (error) {
    process.exitCode = error instanceof UsageError ? 64 : error instanceof ConfigError ? 78 : 1;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`\n${usage}\n`);
  } finally {
    await database?.close();
  }
}

function parse(names: readonly string[]): Typed {
  const withValue = Object.fromEntries(names.map((name) => [name, { type: 'string' } as const]));
  try {
    return parseArgs({ options: { ...withValue, help: { type: 'boolean', short: 'h' } }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** @throws {UsageError} with a line for every option that is missing or wrong. */
export function parseOptions<S extends z.ZodType>(schema: S, values: Typed['values']): z.infer<S> {
  const given = schema.safeParse(values);
  if (given.success) return given.data;
  throw new UsageError(given.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'));
}
