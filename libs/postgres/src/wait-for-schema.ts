import { setTimeout as sleep } from 'node:timers/promises';
import { checkSchema, MigrationsMissingError } from './check-schema.ts';
import { isUnavailable } from './errors.ts';
import type { Queryable } from './queryable.ts';

export interface SchemaWaitOptions {
  /** How long to wait; 0 checks once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
  /** Called with each new reason to wait. */
  readonly onWaiting?: (reason: string) => void;
}

const pollMs = 250;

/**
 * `checkSchema` for a process that starts together with its database and its migrations: waits for a database that does not
 * answer and for migrations that are missing. What waiting cannot fix is refused at once.
 * @throws {Error} as `checkSchema` does, also when the time is over; an AbortError on `signal`.
 */
export async function waitForSchema(
  db: Queryable,
  directory: string | URL,
  { waitMs, signal, onWaiting = () => undefined }: SchemaWaitOptions,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  let reported = '';
  for (;;) {
    try {
      await checkSchema(db, directory);
      return;
    } catch (error) {
      const mayCome = error instanceof MigrationsMissingError || isUnavailable(error);
      if (!mayCome || performance.now() + pollMs > deadline) throw error;
      const { message } = error as Error;
      if (message !== reported) onWaiting(message);
      reported = message;
      await sleep(pollMs, undefined, { signal });
    }
  }
}
