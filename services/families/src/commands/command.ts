import { UsageError } from '@homeroom/chassis';
import type { z } from 'zod';
import { openPasswords, type Passwords } from '../accounts/passwords.ts';

/** The secret of passwords is for comparing requests, and a command has none. */
export const commandPasswords = (): Passwords => openPasswords({ secret: '', concurrent: 4, queued: 100 });

/** @throws {UsageError} with a line for every option that is missing or wrong. */
export function parseOptions<S extends z.ZodType>(schema: S, values: object): z.infer<S> {
  const given = schema.safeParse(values);
  if (given.success) return given.data;
  throw new UsageError(given.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'));
}
