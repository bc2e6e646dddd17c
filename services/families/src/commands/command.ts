import { ConfigError, loadConfig } from '@homeroom/chassis';
import { openDatabase, type Database } from '@homeroom/postgres';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { openPasswords, type Passwords } from '../accounts/passwords.ts';
import { commandConfig } from '../config.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What was typed makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command: `--help` prints the usage; a mistake in what was typed or configured is explained and exits 64 or 78,
 * anything else that fails exits 1.
 */
export async function runCommand<const O extends Options>(
  { usage, options }: { usage: string; options: O },
  work: (
    given: ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>,
    deps: { database: Database; passwords: Passwords },
  ) => Promise<string>,
): Promise<void> {
  let database: Database | undefined;
  try {
    const given = parse({ options: { ...options, help: { type: 'boolean', short: 'h' } }, allowPositionals: true });
    if ((given.values as { help?: boolean }).help === true) {
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
    // fingerprints of requests, which need the secret, are not taken here
    const passwords = openPasswords({ secret: '', concurrent: 4, queued: Infinity });
    process.stdout.write(`${await work(given as never, { database, passwords })}\n`);
  } catch (error) {
    process.exitCode = error instanceof UsageError ? 64 : error instanceof ConfigError ? 78 : 1;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`\n${usage}\n`);
  } finally {
    await database?.close();
  }
}

function parse<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
