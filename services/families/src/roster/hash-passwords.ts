import type { Passwords } from '../credentials/passwords.ts';
import type { Group } from './parse-roster.ts';

/** Each takes a core for about 13 ms: the rest of the worker's cores relay events meanwhile. */
const concurrent = 2;

/** Hashes the passwords of new families, by email. @throws when `signal` aborts. */
export async function hashPasswords(
  passwords: Passwords,
  groups: readonly Group[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const wanted = groups.flatMap(([email, rows]) => {
    const password = rows.find(({ data }) => data.password !== undefined)?.data.password;
    return password === undefined ? [] : [{ email, password }];
  });
  const hashes = new Map<string, string>();
  const rest = wanted.values();
  const lane = async (): Promise<void> => {
    for (const { email, password } of rest) {
      signal.throwIfAborted();
      hashes.set(email, await passwords.hash(password));
    }
  };
  await Promise.all(Array.from({ length: concurrent }, lane));
  return hashes;
}
