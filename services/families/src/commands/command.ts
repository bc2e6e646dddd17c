import { parse, UsageError } from '@homeroom/chassis';
import { connectRedis } from '@homeroom/redis';
import { openSessions, type SessionStore } from '@homeroom/sessions';
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { z } from 'zod';
import { isOwnEmail } from '../credentials/password-rules.ts';
import { openPasswords, type Passwords } from '../credentials/passwords.ts';
import { ownEmailRefused, ownNameRefused } from '../credentials/schemas.ts';
import { isOwnName } from '../families/own-name.ts';

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
