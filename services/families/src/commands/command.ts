import { commandConfig, parse, runCommand, text, UsageError } from '@homeroom/chassis';
import { commandDatabase, type CoopQueryable } from '@homeroom/postgres';
import { connectRedis } from '@homeroom/redis';
import { openSessions, type SessionStore } from '@homeroom/sessions';
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { replacePassword } from '../accounts/replace-password.ts';
import { findAccount } from '../accounts/store.ts';
import { migrations, sessionsConfig } from '../config.ts';
import { operatorsCoopId } from '../coops/coop.ts';
import { isOwnEmail } from '../credentials/password-rules.ts';
import { openPasswords, type Passwords } from '../credentials/passwords.ts';
import { email, newPassword, ownEmailRefused, ownNameRefused } from '../credentials/schemas.ts';
import { isOwnName } from '../families/own-name.ts';
import { coopOption, coopUsage, databaseOfSlug } from './coop-option.ts';

/** Without a secret: that is for comparing requests, which a command has none of. */
export const commandPasswords = (): Passwords => openPasswords({ secret: '', concurrent: 4, queued: 100 });

/** The options of a command that takes a password. `--password` is known only to be refused with a useful message. */
export const passwordOptions = { password: { type: 'string' }, 'password-file': { type: 'string' } } as const;

/** For the usage of a command that takes a password. */
export const passwordUsage =
  '--password-file holds the password, at least 8 characters and no common one; - reads it from standard input. A trailing\nnewline is cut.';

/**
 * Reads the options that name an account and its new password, which is in the file that `--password-file` names.
 * @throws {UsageError} with a line for every option that is missing or wrong; and for `--password`, which would show the
 *   password in process lists and shell histories.
 */
export async function parseAccount<S extends z.ZodType<{ email: string; password: string; name?: string }>>(
  schema: S,
  { password, 'password-file': path, ...values }: { [option: string]: string | undefined },
): Promise<z.infer<S>> {
  if (password !== undefined) {
    throw new UsageError(
      '--password is not accepted: process lists and shell histories show it. Use --password-file PATH, or --password-file - for standard input.',
    );
  }
  if (path === undefined) throw new UsageError('--password-file: is required');
  const content = path === '-' ? await readAll(process.stdin) : await readFile(path, 'utf8');
  const given = parse(schema, { ...values, password: content.replace(/\r?\n$/, '') });
  if (!given.success)
    throw new UsageError(given.issues.map(({ field, message }) => `--${field}: ${message}`).join('\n'));
  if (isOwnEmail(given.data.password, given.data.email)) throw new UsageError(`--password: ${ownEmailRefused}`);
  const { name, password: chosen } = given.data;
  if (name !== undefined && isOwnName(chosen, [name])) throw new UsageError(`--password: ${ownNameRefused}`);
  return given.data;
}

/** Opens the sessions' Redis for as long as `work` takes. */
export async function withSessions<T>(url: string, work: (sessions: SessionStore) => Promise<T>): Promise<T> {
  const redis = await connectRedis(url, { commandTimeoutMs: 5_000 });
  try {
    return await work(openSessions({ redis }));
  } finally {
    redis.disconnect();
  }
}

const namedAccount = z.object({ email, name: text(200), password: newPassword });

interface NamedAccount {
  readonly role: 'coordinator' | 'operator';
  /** What the command does, for its usage. */
  readonly about: string;
  /** Writes the account, new or known; undefined when an account of another role has the email. */
  readonly save: (
    db: CoopQueryable,
    account: { id: string; email: string; name: string; passwordHash: string },
  ) => Promise<'added' | 'changed' | undefined>;
}

/**
 * Runs `add-<role>`: adds an account that belongs to no family, or gives the one with this email a new name and password.
 * Coordinators belong to a co-op, operators to the installation.
 */
export const runAddAccount = ({ role, about, save }: NamedAccount): Promise<void> => {
  const isOfCoop = role === 'coordinator';
  return runCommand(
    {
      name: `families-add-${role}`,
      usage: `${about} A new password ends every session
of the account; the same password ends none.

  add-${role} --email <email> --name <name> --password-file <path>${isOfCoop ? ' [--coop <slug>]' : ''}

${passwordUsage}${isOfCoop ? `\n${coopUsage}` : ''}
DATABASE_URL names the families database, REDIS_SESSIONS_URL the Redis with the sessions; SCHEMA_WAIT_MS is how long it
waits for the database and its migrations (0).`,
      options: { email: { type: 'string' }, name: { type: 'string' }, ...passwordOptions, ...coopOption },
      config: commandConfig.extend(sessionsConfig.shape),
      openDatabase: commandDatabase({ migrations }),
    },
    async ({ values }, { config, database, say }) => {
      if (!isOfCoop && values.coop !== undefined)
        throw new UsageError('--coop: operators belong to the installation, and to no co-op.');
      const { email: address, name, password } = await parseAccount(namedAccount, values);
      const db = isOfCoop ? await databaseOfSlug(database, values.coop) : database.ofCoop(operatorsCoopId);
      const passwords = commandPasswords();
      const known = await findAccount(db, address);
      const other = (): Error =>
        new Error(`${address} belongs to a ${known?.principal.role ?? 'person'} already. Use another email.`);
      if (known !== undefined && known.principal.role !== role) throw other();
      const same = known !== undefined && (await passwords.verify(known.passwordHash, password));
      const passwordHash = (same ? known.passwordHash : undefined) ?? (await passwords.hash(password));
      const write = async (to: CoopQueryable): Promise<undefined> => {
        if ((await save(to, { id: uuidv7(), email: address, name, passwordHash })) === undefined) throw other();
      };
      if (known === undefined || same) {
        await write(db);
        say(known === undefined ? `added ${address}` : `kept ${address}: it has this password already`);
        return;
      }
      const ended = await withSessions(config.REDIS_SESSIONS_URL, (sessions) =>
        replacePassword<never>({ db, sessions }, { account: known, passwordHash, before: write }),
      );
      say(`changed ${address}; ${ended} sessions ended`);
    },
  );
};
