import { expect, test } from '@jest/globals';
import { declinedDelayMs, settle } from '../../src/payments/charge.ts';
import { cancelCharge, type ChargeState } from '../../src/seats/charge.ts';

const states: ChargeState[] = ['due', 'charged', 'declined', 'void', 'refund_due', 'refunded'];
const succeeded = { kind: 'succeeded', providerChargeId: 'ch' } as const;
const declined = { kind: 'declined', providerChargeId: 'ch' } as const;
const [now, later] = [
  { ended: false, graceOver: false },
  { ended: false, graceOver: true },
];
const unknown = { kind: 'unknown-to-provider' } as const;

test('a successful charge confirms a seat that is wanted, and is refunded otherwise', () => {
  expect(states.map((state) => settle(state, 'payment_pending', succeeded, now)?.state)).toEqual([
    'charged',
    undefined,
    'refund_due',
    'refund_due',
    undefined,
    undefined,
  ]);
  expect(settle('due', 'payment_pending', succeeded, now)?.enrollment).toBe('confirm');
  expect(settle('due', 'cancelled', succeeded, now)).toEqual({ state: 'refund_due', enrollment: 'leave' });
});

test('D8: a decline cancels an unpaid seat once its grace period is over, and nothing else', () => {
  expect(settle('due', 'payment_pending', declined, now)).toEqual({ state: 'due', enrollment: 'hold' });
  expect(settle('due', 'payment_pending', declined, later)).toEqual({ state: 'declined', enrollment: 'cancel' });
  expect(settle('due', 'cancelled', declined, now)).toEqual({ state: 'declined', enrollment: 'leave' });
  for (const state of ['charged', 'declined', 'refund_due', 'refunded'] as const) {
    expect(settle(state, 'enrolled', declined, now)).toBeUndefined();
  }
});

test('a charge that the provider does not know is void only when it is no longer wanted', () => {
  expect(settle('due', 'cancelled', unknown, now)).toEqual({ state: 'void', enrollment: 'leave' });
  // D4
  expect(settle('due', 'payment_pending', unknown, { ended: true, graceOver: true })?.state).toBe('void');
  expect(settle('due', 'payment_pending', unknown, now)).toBeUndefined();
});

test('no outcome changes a charge twice', () => {
  for (const outcome of [succeeded, declined, unknown]) {
    for (const state of states) {
      for (const status of ['payment_pending', 'cancelled'] as const) {
        const next = settle(state, status, outcome, later);
        if (next !== undefined) expect(settle(next.state, 'cancelled', outcome, later)).toBeUndefined();
      }
    }
  }
});

test('canceling refunds what was charged, and leaves a charge alone that may be under way', () => {
  const charge = {
    enrollmentId: '',
    amountCents: 900,
    currency: 'USD',
    declines: 0,
    declinedChargeIds: [],
  };
  expect(cancelCharge(undefined, false)).toEqual({ state: undefined, refundCents: 0 });
  expect(cancelCharge({ ...charge, state: 'due', attempts: 0 }, false)).toEqual({ state: 'void', refundCents: 0 });
  expect(cancelCharge({ ...charge, state: 'due', attempts: 1 }, false)).toEqual({ state: 'due', refundCents: 0 });
  expect(cancelCharge({ ...charge, state: 'charged', attempts: 0 }, false)).toEqual({
    state: 'refund_due',
    refundCents: 900,
  });
  // D4
  expect(cancelCharge({ ...charge, state: 'charged', attempts: 0 }, true)).toEqual({
    state: 'charged',
    refundCents: 0,
  });
});

test('D8: the delays between attempts on a declined card grow, to twice a day', () => {
  expect([0, 1, 2, 3, 9].map((declines) => declinedDelayMs(declines) / 60_000)).toEqual([1, 4, 16, 64, 720]);
});
