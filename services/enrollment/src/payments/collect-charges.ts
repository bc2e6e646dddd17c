import type { Database } from '@homeroom/postgres';
import { fullJitter, isBrokenCircuit, isRejected, joinSignals } from '@homeroom/resilience';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded } from '../classes/ended.ts';
import type { Terms } from '../enrollments/terms.ts';
import type { ChargeOutcome } from './charge.ts';
import { ProviderRefusedError, type PaymentProvider } from './provider.ts';
import { settleCharge, settleRefund, type Settled } from './settle-charge.ts';
import { claimDue, postpone, type Claim } from './store.ts';

export type CollectorEvent =
  | { readonly type: 'settled'; readonly as: Settled }
  | { readonly type: 'postponed'; readonly error: unknown; readonly delayMs: number; readonly enrollmentId: string }
  /** The database did not answer; what was claimed comes back when its claim runs out. */
  | { readonly type: 'stumbled'; readonly error: unknown };

export interface CollectorOptions {
  readonly db: Database;
  readonly provider: PaymentProvider;
  readonly terms?: Terms;
  /** Calls to the provider at once. */
  readonly concurrent: number;
  /** How long a claim protects a row from other workers; longer than any call may take. */
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  readonly onEvent?: (event: CollectorEvent) => void;
}

/** What the provider finds wrong is for people to mend, and they need minutes. */
const refusedDelayMs = 60_000;

/**
 * Asks for every charge that is due and gives back every refund that is due, until `signal` aborts; then it finishes what
 * is in hand. The provider is never called inside a transaction, and never asked for money twice under two keys.
 */
export async function collectCharges(options: CollectorOptions, signal: AbortSignal): Promise<void> {
  const { db, provider, concurrent, leaseMs, pollMs, onEvent = () => undefined } = options;
  const running = new Set<Promise<void>>();
  while (!signal.aborted) {
    // while the breaker is not closed one row at a time is enough to find out whether the provider is back
    const room = (provider.breaker() === 'closed' ? concurrent : 1) - running.size;
    const claims = room > 0 ? await claim(room) : [];
    for (const claimed of claims) {
      const work = collect(claimed, options).finally(() => running.delete(work));
      running.add(work);
    }
    if (provider.breaker() !== 'closed') await pause(pollMs, signal, []);
    else if (claims.length === 0) await pause(pollMs, signal, running);
  }
  await Promise.all(running);

  async function claim(limit: number): Promise<Claim[]> {
    try {
      return await claimDue(db, { limit, leaseMs });
    } catch (error) {
      onEvent({ type: 'stumbled', error });
      return [];
    }
  }
}

/** Until one of `work` is done, or it is time to look again. */
async function pause(ms: number, signal: AbortSignal, work: Iterable<Promise<void>>): Promise<void> {
  const woken = new AbortController();
  using either = joinSignals(signal, woken.signal);
  const nap = sleep(ms, undefined, { signal: either.signal }).catch((error: unknown) => {
    if (!signal.aborted && !woken.signal.aborted) throw error;
  });
  await Promise.race([nap, ...work]);
  woken.abort();
}

async function collect(claim: Claim, options: CollectorOptions): Promise<void> {
  const { db, backoff = { baseMs: 250, maxMs: 10_000 }, onEvent = () => undefined } = options;
  try {
    const settled = claim.state === 'refund_due' ? await giveBack(claim, options) : await ask(claim, options);
    if (settled !== undefined) onEvent({ type: 'settled', as: settled });
  } catch (error) {
    const asked = !isBrokenCircuit(error) && !isRejected(error);
    const delayMs =
      error instanceof ProviderRefusedError ? refusedDelayMs : fullJitter(asked ? claim.attempts : 2, backoff);
    onEvent({ type: 'postponed', error, delayMs, enrollmentId: claim.enrollmentId });
    const reason = error instanceof Error ? error.message : String(error);
    await postpone(db, claim, { delayMs, asked, reason }).catch((cause: unknown) =>
      onEvent({ type: 'stumbled', error: cause }),
    );
  }
}

async function ask(claim: Claim, { db, provider, leaseMs, terms }: CollectorOptions): Promise<Settled | undefined> {
  const { enrollmentId, attempts, askedAgoMs = leaseMs } = claim;
  // from the second time on somebody has asked before and has not brought home what the provider said
  let outcome: ChargeOutcome = attempts > 1 ? await provider.find(claim) : { kind: 'unknown-to-provider' };
  if (outcome.kind === 'unknown-to-provider') {
    if (claim.enrollment === 'payment_pending' && !hasEnded(claim.class, new Date())) {
      outcome = await provider.charge(claim);
    } else if (attempts > 1 && askedAgoMs < leaseMs) {
      // nobody wants the charge any more, but the request may still be on its way: too early to call it void
      await postpone(db, claim, { delayMs: leaseMs - askedAgoMs, asked: true, reason: 'may still be under way' });
      return undefined;
    }
  }
  return db.transaction((trx) => settleCharge(trx, { enrollmentId, outcome, terms }));
}

async function giveBack(claim: Claim, { db, provider }: CollectorOptions): Promise<Settled> {
  const { enrollmentId, amountCents, providerChargeId } = claim;
  if (providerChargeId === undefined) throw new Error(`charge of ${enrollmentId} is to be refunded but was never made`);
  const providerRefundId = await provider.refund({ enrollmentId, providerChargeId, amountCents });
  return db.transaction((trx) => settleRefund(trx, { enrollmentId, providerRefundId }));
}
