import { expect, test } from '@jest/globals';
import { cancelCharge, settle, type ChargeState } from '../../src/payments/charge.ts';

const states: ChargeState[] = ['due', 'charged', 'declined', 'void', 'refund_due', 'refunded'];
const succeeded = { kind: 'succeeded', providerChargeId: 'ch' } as const;
const declined = { kind: 'declined', providerChargeId: 'ch' } as const;
const unheard = { kind: 'unknown-to-provider' } as const;

test('a charge that went through confirms a seat that is wanted, and is owed back otherwise', () => {
  expect(states.map((state) => settle(state, 'payment_pending', succeeded)?.state)).toEqual([
    'charged',
    undefined,
    'refund_due',
    'refund_due',
    undefined,
    undefined,
  ]);
  expect(settle('due', 'payment_pending', succeeded)?.enrollment).toBe('confirm');
  expect(settle('due', 'cancelled', succeeded)).toEqual({ state: 'refund_due', enrollment: 'leave' });
});

test('a decline cancels a seat that waits for the money, and nothing else', () => {
  expect(settle('due', 'payment_pending', declined)).toEqual({ state: 'declined', enrollment: 'cancel' });
  expect(settle('due', 'cancelled', declined)).toEqual({ state: 'declined', enrollment: 'leave' });
  for (const state of ['charged', 'declined', 'refund_due', 'refunded'] as const) {
    expect(settle(state, 'enrolled', declined)).toBeUndefined();
  }
});

test('a charge that the provider never got is void only when nobody wants it', () => {
  expect(settle('due', 'cancelled', unheard)).toEqual({ state: 'void', enrollment: 'leave' });
  expect(settle('due', 'payment_pending', unheard)).toBeUndefined();
});

test('no news moves a charge twice', () => {
  for (const outcome of [succeeded, declined, unheard]) {
    for (const state of states) {
      for (const status of ['payment_pending', 'cancelled'] as const) {
        const next = settle(state, status, outcome);
        if (next !== undefined) expect(settle(next.state, 'cancelled', outcome)).toBeUndefined();
      }
    }
  }
});

test('cancelling owes back what was charged, and leaves alone what may be under way', () => {
  const charge = { enrollmentId: '', amountCents: 900, currency: 'USD', providerChargeId: undefined };
  expect(cancelCharge(undefined)).toEqual({ state: undefined, refundCents: 0 });
  expect(cancelCharge({ ...charge, state: 'due', attempts: 0 })).toEqual({ state: 'void', refundCents: 0 });
  expect(cancelCharge({ ...charge, state: 'due', attempts: 1 })).toEqual({ state: 'due', refundCents: 0 });
  expect(cancelCharge({ ...charge, state: 'charged', attempts: 0 })).toEqual({ state: 'refund_due', refundCents: 900 });
});
