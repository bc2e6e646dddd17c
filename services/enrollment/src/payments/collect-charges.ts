import type { Database } from '@homeroom/postgres';
import { fullJitter, isBrokenCircuit, isRejected, joinSignals, pause } from '@homeroom/resilience';
import { isOver } from '../classes/ended.ts';
import type { Terms } from '../seats/terms.ts';
import type { ChargeOutcome } from './charge.ts';
import { ProviderRefusedError, type PaymentProvider } from './provider.ts';
import { settleCharge, settleRefund, type Settled } from './settle-charge.ts';
import { claimDue, postpone, type Claim } from './store.ts';

export type CollectorEvent =
  | { readonly type: 'settled'; readonly as: Settled }
  | { readonly type: 'postponed'; readonly error: unknown; readonly delayMs: number; readonly enrollmentId: string }
  /** The database is unavailable; claimed rows are due again when their lease expires. */
  | { readonly type: 'failed'; readonly error: unknown };

export interface CollectorOptions {
  readonly db: Database;
  readonly provider: PaymentProvider;
  readonly terms: Terms;
  /** Calls to the provider at once. */
  readonly concurrent: number;
  /** How long a claim protects a row from other workers; longer than any call may take. */
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  readonly onEvent: (event: CollectorEvent) => void;
}

/** A person must fix what the provider rejects, which takes minutes. */
const refusedDelayMs = 60_000;

/**
 * Collects every charge and makes every refund of all co-ops that is due, until `signal` aborts; then it finishes the calls in flight. The
 * provider is never called inside a transaction, and never asked for the same money under two keys.
 */
export async function collectCharges(options: CollectorOptions, signal: AbortSignal): Promise<void> {
  const { db, provider, concurrent, leaseMs, pollMs, onEvent } = options;
  const running = new Set<Promise<void>>();
  while (!signal.aborted) {
    // while the breaker is not closed, one row at a time is enough to probe the provider
    const room = (provider.breaker() === 'closed' ? concurrent : 1) - running.size;
    const claims = room > 0 ? await claim(room) : [];
    for (const claimed of claims) {
      const work = collect(claimed, options).finally(() => running.delete(work));
      running.add(work);
    }
    if (provider.breaker() !== 'closed') await pause(pollMs, signal);
    else if (claims.length === 0) await pauseUntilDone(pollMs, signal, running);
  }
  await Promise.all(running);

  async function claim(limit: number): Promise<Claim[]> {
    try {
      return await claimDue(db, { limit, leaseMs });
    } catch (error) {
      onEvent({ type: 'failed', error });
      return [];
    }
  }
}

/** Waits until one of `work` is done, or for `ms`. */
async function pauseUntilDone(ms: number, signal: AbortSignal, work: Iterable<Promise<void>>): Promise<void> {
  const woken = new AbortController();
  using either = joinSignals(signal, woken.signal);
  await Promise.race([pause(ms, either.signal), ...work]);
  woken.abort();
}

async function collect(claim: Claim, options: CollectorOptions): Promise<void> {
  const { db, backoff = { baseMs: 250, maxMs: 10_000 }, onEvent } = options;
  try {
    const settled = claim.state === 'refund_due' ? await refund(claim, options) : await charge(claim, options);
    if (settled !== undefined) onEvent({ type: 'settled', as: settled });
  } catch (error) {
    const attempted = !isBrokenCircuit(error) && !isRejected(error);
    const delayMs =
      error instanceof ProviderRefusedError ? refusedDelayMs : fullJitter(attempted ? claim.attempts : 2, backoff);
    onEvent({ type: 'postponed', error, delayMs, enrollmentId: claim.enrollmentId });
    const reason = error instanceof Error ? error.message : String(error);
    await postpone(db.ofCoop(claim.coopId), claim, { delayMs, attempted, reason }).catch((cause: unknown) =>
      onEvent({ type: 'failed', error: cause }),
    );
  }
}

async function charge(
  claim: Claim,
  { provider, leaseMs, terms, ...options }: CollectorOptions,
): Promise<Settled | undefined> {
  const { coopId, enrollmentId, attempts } = claim;
  const db = options.db.ofCoop(coopId);
  const askedAgoMs = claim.askedAgoMs ?? leaseMs;
  // from the second attempt on, an earlier one may have reached the provider and lost the answer
  let outcome: ChargeOutcome = attempts > 1 ? await provider.find(claim) : { kind: 'unknown-to-provider' };
  if (outcome.kind === 'unknown-to-provider') {
    if (claim.enrollment === 'payment_pending' && !isOver(claim.class, new Date())) {
      outcome = await provider.charge(claim);
    } else if (attempts > 1 && askedAgoMs < leaseMs) {
      // the charge is no longer wanted, but a request may still be under way: too early to void it
      await postpone(db, claim, { delayMs: leaseMs - askedAgoMs, attempted: true, reason: 'may still be under way' });
      return undefined;
    }
  }
  return db.transaction((trx) => settleCharge(trx, { enrollmentId, outcome, terms }));
}

async function refund(claim: Claim, { db, provider }: CollectorOptions): Promise<Settled> {
  const { coopId, enrollmentId, amountCents, providerChargeId } = claim;
  if (providerChargeId === undefined)
    throw new Error(`charge of ${enrollmentId} is due for a refund but was never made`);
  const providerRefundId = await provider.refund({ enrollmentId, providerChargeId, amountCents });
  return db.ofCoop(coopId).transaction((trx) => settleRefund(trx, { enrollmentId, providerRefundId }));
}
