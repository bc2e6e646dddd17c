import type { Transaction } from '@homeroom/postgres';
import type { ClassView } from '../classes/class.ts';
import { countSeats } from '../classes/store.ts';
import { openCharge } from '../payments/store.ts';
import { promote } from './enrollment.ts';
import { holdSlot, lockFirstWaiting, record } from './store.ts';

/**
 * Gives every free seat of a locked class to whoever has waited longest, until none is free or nobody waits. A child
 * that has found another class at the same hour meanwhile is promoted too: the family chooses which of the two it keeps.
 */
export async function promoteWaiting(trx: Transaction, locked: ClassView, at: Date): Promise<ClassView> {
  let now = locked;
  while (now.seatsLeft > 0 && now.waitlisted > 0) {
    const first = await lockFirstWaiting(trx, now.id);
    if (first === undefined) throw new Error(`class ${now.id} counts ${now.waitlisted} waiting and nobody waits`);
    await record(trx, first, promote(first, now.priceCents), at, now);
    await countSeats(trx, now.id, { taken: 1, waitlisted: -1 });
    await holdSlot(trx, first);
    if (now.priceCents > 0) await openCharge(trx, first.id, now);
    now = { ...now, seatsLeft: now.seatsLeft - 1, waitlisted: now.waitlisted - 1 };
  }
  return now;
}
