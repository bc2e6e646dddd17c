import { fullJitter, type Backoff } from '@homeroom/resilience';
import { UnusableAddressError } from './mail.ts';

/** A 5xx is final only at this attempt: a server in trouble may answer it by mistake. */
const finalRefusal = 3;

/** Whether the server refused this mail permanently, as opposed to being in trouble itself. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Error && 'responseCode' in error && Number(error.responseCode) >= 500;

/**
 * When to try again after a failed attempt; undefined when there is nothing to try. A server that is down is retried without
 * limit; a mail that it refuses is not.
 * @param attempts those made, this one included.
 */
export function retryAfter(
  error: unknown,
  attempts: number,
  backoff: Backoff,
  random?: () => number,
): number | undefined {
  if (error instanceof UnusableAddressError) return undefined;
  if (isRefusal(error) && attempts >= finalRefusal) return undefined;
  return fullJitter(attempts, backoff, random);
}
