import { foreignText } from '@homeroom/chassis';
import { policy, type BreakerState, type PolicyEvent } from '@homeroom/resilience';
import { z } from 'zod';
import type { ChargeOutcome } from './charge.ts';

/** The provider rejects the request itself: a retry will not help. */
export class ProviderRefusedError extends Error {
  override readonly name = 'ProviderRefusedError';
}

/** Which charge of an enrollment: a provider answers the key of a declined one with "declined" forever. */
export interface Attempt {
  readonly enrollmentId: string;
  readonly declines: number;
}

const keyOf = ({ enrollmentId, declines }: Attempt): string =>
  declines === 0 ? `charge:${enrollmentId}` : `charge:${enrollmentId}:${declines}`;

const charge = z.object({ id: foreignText(200), status: z.enum(['succeeded', 'declined']) });
const charges = z.object({ items: z.array(charge) });
const refund = z.object({ id: foreignText(200) });

const outcomeOf = ({ id, status }: z.infer<typeof charge>): ChargeOutcome => ({ kind: status, providerChargeId: id });

interface Post {
  readonly key: string;
  readonly body: object;
}

/** @throws {ProviderRefusedError} when a retry will not help. */
async function exchange(url: string, path: string, post: Post | undefined, signal: AbortSignal): Promise<unknown> {
  const sent = post && {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': post.key },
    body: JSON.stringify(post.body),
  };
  const response = await fetch(new URL(path, url), { ...sent, signal });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const problem = `${path} answered ${response.status}: ${text.slice(0, 200)}`;
  const mayRetry = response.status >= 500 || response.status === 429 || response.status === 408;
  throw mayRetry ? new Error(problem) : new ProviderRefusedError(problem);
}

export interface ProviderOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly concurrent: number;
  /** How long the breaker stays open before it probes the provider. */
  readonly openMs: number;
  readonly onEvent?: (event: PolicyEvent) => void;
}

export type PaymentProvider = ReturnType<typeof openPaymentProvider>;

/** Every call is bounded in time, counted by one breaker, and safe to repeat. */
export function openPaymentProvider({ url, timeoutMs, concurrent, openMs, ...rest }: ProviderOptions) {
  const payments = policy({
    name: 'payment',
    timeoutMs,
    breaker: { failures: 5, openMs },
    bulkhead: { concurrent, queued: concurrent },
    isFailure: (error) => !(error instanceof ProviderRefusedError),
    ...rest,
  });
  const call = async <S extends z.ZodType>(path: string, schema: S, post?: Post): Promise<z.infer<S>> =>
    payments.execute(async ({ signal }) => schema.parse(await exchange(url, path, post, signal)));

  return {
    async charge({ amountCents, currency, ...attempt }: Attempt & { amountCents: number; currency: string }) {
      const body = { amountCents, currency, reference: attempt.enrollmentId };
      return outcomeOf(await call('/v1/charges', charge, { key: keyOf(attempt), body }));
    },
    /** The outcome of a charge whose answer was lost. */
    async find(attempt: Attempt): Promise<ChargeOutcome> {
      const query = new URLSearchParams({ idempotencyKey: keyOf(attempt) });
      const { items } = await call(`/v1/charges?${query.toString()}`, charges);
      return items[0] === undefined ? { kind: 'unknown-to-provider' } : outcomeOf(items[0]);
    },
    /** @returns the refund's id. */
    async refund(order: { enrollmentId: string; providerChargeId: string; amountCents: number }): Promise<string> {
      const body = { chargeId: order.providerChargeId, amountCents: order.amountCents };
      return (await call('/v1/refunds', refund, { key: `refund:${order.enrollmentId}`, body })).id;
    },
    breaker: (): BreakerState => payments.breakerState(),
  };
}
