import { fullJitter, type Backoff } from '@homeroom/resilience';
import { UnusableAddressError } from './mail.ts';

export type NextStep = { readonly step: 'retry'; readonly afterMs: number } | { readonly step: 'give-up' };

/** A server that says 5xx three times means it. */
const refusalsToBelieve = 3;

/** The SMTP status that the server answered with; undefined when it did not answer. */
export function smtpStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('responseCode' in error)) return undefined;
  return typeof error.responseCode === 'number' ? error.responseCode : undefined;
}

/** Whether the server refused this very mail for good, instead of being in trouble itself. */
export const isRefusal = (error: unknown): boolean => (smtpStatus(error) ?? 0) >= 500;

/**
 * What follows a failed attempt: never the end for a server that is away, however long; the end for a mail that it refuses.
 * @param attempts those made, this one included.
 */
export function afterFailure(error: unknown, attempts: number, backoff: Backoff, random?: () => number): NextStep {
  if (error instanceof UnusableAddressError) return { step: 'give-up' };
  if (isRefusal(error) && attempts >= refusalsToBelieve) return { step: 'give-up' };
  return { step: 'retry', afterMs: fullJitter(attempts, backoff, random) };
}
