import { refused, type Refused } from '@homeroom/chassis';
import { append } from '@homeroom/outbox';
import { transact, type CoopDatabase, type CoopTransaction } from '@homeroom/postgres';
import { v7 as uuidv7 } from 'uuid';
import { alignFirstDay, findMistakes, snapshotOf, type Mistake } from '../classes/class.ts';
import type { ClassDetails, ClassView } from '../classes/schemas.ts';
import { newEvent } from '../new-event.ts';
import { bookedAgain } from './booking-store.ts';
import { flagDoubleBookings, refuseDoubleBooking } from './flag-double-bookings.ts';
import type { NewClass, Override, WrittenClass } from './schemas.ts';
import { insertClasses } from './store.ts';

export interface CreateRequest {
  readonly given: NewClass & { readonly override?: Override | undefined };
  /** The account that asks: its keys are its own. */
  readonly accountId: string;
  readonly idempotencyKey: string | undefined;
}

/**
 * Opens a class. Its room and teacher are booked: one that another class has at that hour is refused, or flagged when the
 * coordinator overrides it.
 */
export async function createClass(
  { db, timeZone }: { db: CoopDatabase; timeZone: string },
  { given, accountId, idempotencyKey }: CreateRequest,
): Promise<WrittenClass | Refused<'validation_failed' | 'class_exists' | 'double_booked'>> {
  const request = ['POST', '/api/classes', given] as const;
  const { override, ...fields } = given;
  const details = { ...fields, timeZone: given.timeZone ?? timeZone };
  const open = () =>
    transact(
      db,
      async (trx) => {
        const contradiction = refuseMistakes(details);
        if (contradiction !== undefined) return contradiction;
        const [created] = await createClasses(trx, [details]);
        if (created === undefined) return refused('class_exists');
        const warnings = (await flagDoubleBookings(trx, [created], override?.reason)).get(created.id) ?? [];
        return refuseDoubleBooking(warnings, override) ?? { ...created, warnings };
      },
      { claim: { principal: accountId, key: idempotencyKey, request } },
    );
  return bookedAgain(open);
}

/** Opens classes, each from its first meeting on. @returns those that did not exist; the others are left as they are. */
export async function createClasses(trx: CoopTransaction, details: readonly ClassDetails[]): Promise<ClassView[]> {
  const wanted = details.map((one) => ({ ...alignFirstDay(one), id: uuidv7() }));
  const inserted = await insertClasses(trx, wanted);
  const created = wanted
    .filter(({ id }) => inserted.has(id))
    .map((one) => ({ ...one, version: 1, seatsLeft: one.capacity, waitlisted: 0, canceled: null }));
  const events = created.map((one) => newEvent('homeroom.class.opened.v1', { subject: one.id, data: snapshotOf(one) }));
  await append(trx, ...events);
  return created;
}

/**
 * Refuses fields that contradict each other, by name.
 * @param tolerated mistakes that the stored class has already: it can still be closed.
 */
export function refuseMistakes(
  details: ClassDetails,
  tolerated: readonly Mistake[] = [],
): Refused<'validation_failed'> | undefined {
  const mistakes = findMistakes(details).filter(({ field }) => tolerated.every((known) => known.field !== field));
  if (mistakes.length === 0) return undefined;
  return refused('validation_failed', undefined, { errors: mistakes.map((mistake) => ({ in: 'body', ...mistake })) });
}
