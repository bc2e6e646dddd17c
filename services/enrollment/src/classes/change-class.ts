import { append } from '@homeroom/outbox';
import { isUniqueViolation, type Transaction } from '@homeroom/postgres';
import { promoteWaiting } from '../enrollments/promote-waiting.ts';
import { moveSlots } from '../enrollments/store.ts';
import { defaultTerms, type Terms } from '../enrollments/terms.ts';
import { errors } from '../errors.ts';
import { hasMoney } from '../payments/store.ts';
import { findMistakes, sameDetails, sameSlot, type ClassDetails, type ClassView } from './class.ts';
import { assertConsistent, classEvent, type WrittenClass } from './create-class.ts';
import { flagDoubleBookings, mayDoubleBook } from './flag-double-bookings.ts';
import { lockClass, updateClass } from './store.ts';

/** Fields to change; a field that is there and undefined stays as it is. */
export type ClassPatch = { readonly [K in keyof ClassDetails]?: ClassDetails[K] | undefined };

/**
 * Changes a class as a coordinator asks, and flags what it shares its room or its teacher with now.
 * @param terms how long a seat is offered that more seats bring.
 * @param admitted whether the version found may be changed (If-Match).
 */
export async function changeClass(
  trx: Transaction,
  id: string,
  patch: ClassPatch,
  admitted?: (version: number) => boolean,
  terms?: Terms,
): Promise<WrittenClass> {
  const { before, after } = await changeDetails(trx, id, patch, admitted, terms);
  const warnings = mayDoubleBook(before, after) ? await flagDoubleBookings(trx, [after]) : undefined;
  return { ...after, warnings: warnings?.get(id) ?? [] };
}

/**
 * Changes a class's details. More seats go to those who wait, in the same transaction; a change that changes nothing is
 * no event.
 * @param admitted whether the version found may be changed.
 */
export async function changeDetails(
  trx: Transaction,
  id: string,
  patch: ClassPatch,
  admitted: (version: number) => boolean = () => true,
  terms: Terms = defaultTerms,
): Promise<{ before: ClassView; after: ClassView; changed: boolean }> {
  const before = await lockClass(trx, id);
  if (before === undefined) throw errors.problem('class_not_found');
  if (!admitted(before.version)) throw errors.problem('precondition_failed', `it is at version ${before.version} now`);
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const wanted: ClassView = { ...before, ...given };
  assertConsistent(wanted, sameSlot(before, wanted) ? findMistakes(before) : []);
  if (sameDetails(before, wanted)) return { before, after: before, changed: false };
  if (wanted.currency !== before.currency && (await hasMoney(trx, id))) {
    throw errors.problem(
      'currency_in_use',
      `The class has enrollments or charges in ${before.currency}. Open another class.`,
    );
  }
  const taken = before.capacity - before.seatsLeft;
  if (wanted.capacity < taken) throw errors.problem('capacity_below_taken', `${taken} seats are taken`);

  const updated = await updateClass(trx, id, wanted).catch((error: unknown) => {
    throw isUniqueViolation(error, 'classes_natural_key') ? errors.problem('class_exists') : error;
  });
  await append(trx, classEvent('homeroom.class.changed.v1', updated));
  if (!sameSlot(before, updated)) await moveSlots(trx, id);
  return { before, after: await promoteWaiting(trx, updated, new Date(), terms), changed: true };
}
