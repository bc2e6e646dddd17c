import type { DomainEvent } from '@homeroom/contracts';
import { append } from '@homeroom/outbox';
import type { Transaction } from '@homeroom/postgres';
import { v7 as uuid } from 'uuid';
import { errors } from '../errors.ts';
import { findMistakes, snapshotOf, type ClassDetails, type ClassView, type Mistake } from './class.ts';
import { flagDoubleBookings, type DoubleBooking } from './flag-double-bookings.ts';
import { insertClasses } from './store.ts';

/**
 * @param tolerated mistakes that stand already: a class of old data without a meeting can still be closed.
 * @throws {Problem} `validation_failed` naming the fields that contradict each other.
 */
export function assertConsistent(details: ClassDetails, tolerated: readonly Mistake[] = []): void {
  const mistakes = findMistakes(details).filter(({ field }) => tolerated.every((known) => known.field !== field));
  if (mistakes.length === 0) return;
  throw errors.problem('validation_failed', undefined, {
    errors: mistakes.map((mistake) => ({ in: 'body', ...mistake })),
  });
}

export const classEvent = (
  type: 'homeroom.class.opened.v1' | 'homeroom.class.changed.v1',
  about: ClassDetails & { id: string; version: number },
): DomainEvent => ({
  id: uuid(),
  type,
  source: '/enrollment',
  subject: about.id,
  time: new Date(),
  data: snapshotOf(about),
});

/** Opens classes. @returns those that did not exist; the others are left as they are. */
export async function createClasses(trx: Transaction, details: readonly ClassDetails[]): Promise<ClassView[]> {
  const wanted = details.map((one) => ({ ...one, id: uuid() }));
  const inserted = await insertClasses(trx, wanted);
  const created = wanted
    .filter(({ id }) => inserted.has(id))
    .map((one) => ({ ...one, version: 1, seatsLeft: one.capacity, waitlisted: 0 }));
  await append(trx, ...created.map((one) => classEvent('homeroom.class.opened.v1', one)));
  return created;
}

/** A class as it was just written, with what a coordinator should look at. */
export type WrittenClass = ClassView & { readonly warnings: readonly DoubleBooking[] };

/** Opens a class. @throws {Problem} `validation_failed`, `class_exists`. */
export async function createClass(trx: Transaction, details: ClassDetails): Promise<WrittenClass> {
  assertConsistent(details);
  const [created] = await createClasses(trx, [details]);
  if (created === undefined) throw errors.problem('class_exists');
  const warnings = await flagDoubleBookings(trx, [created]);
  return { ...created, warnings: warnings.get(created.id) ?? [] };
}
