import { setTimeout as sleep } from 'node:timers/promises';
import { checkSchema, MigrationsMissingError } from './check-schema.ts';
import { isUnavailable } from './errors.ts';
import type { Queryable } from './queryable.ts';

export interface SchemaWaitOptions {
  /** How long to wait; 0 checks once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
  /** Called after every look that found it missing. */
  readonly onWaiting?: (error: Error) => void;
}

const pollMs = 250;

/**
 * `checkSchema` for a process that starts at the same time as its database and its migrations: a database that does not
 * answer and migrations that are missing are waited for. What waiting cannot fix is refused at once.
 * @param directory the migrations that the process was written for.
 * @throws {Error} as `checkSchema` does, and with the last look's reason when the time is over; an AbortError on `signal`.
 */
export async function waitForSchema(
  db: Queryable,
  directory: string | URL,
  { waitMs, signal, onWaiting = () => undefined }: SchemaWaitOptions,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    try {
      await checkSchema(db, directory);
      return;
    } catch (error) {
      const mayCome = error instanceof MigrationsMissingError || isUnavailable(error);
      if (!mayCome || performance.now() + pollMs > deadline) throw error;
      onWaiting(error as Error);
      await sleep(pollMs, undefined, { signal });
    }
  }
}
