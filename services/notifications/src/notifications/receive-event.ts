import { receiveOnce } from '@homeroom/outbox';
import { transact, type CoopDatabase, type CoopTransaction } from '@homeroom/postgres';
import type { AccountEvent } from '../account-mails/account-mail.ts';
import { addAccountMail } from '../account-mails/store.ts';
import { enrollmentUid } from '../calendars/calendar.ts';
import { findStanding, upsertClass, upsertEntry } from '../calendars/store.ts';
import { calendarZone } from '../calendars/time-zone.ts';
import { upsertContact, upsertCoordinator, type CoordinatorSaved } from '../contacts/store.ts';
import {
  audienceOf,
  draftForClassCanceled,
  draftForDoubleBooking,
  draftForEnrollment,
  draftsForRegistration,
  entryStatusOf,
  type ClassCanceledEvent,
  type ClassEvent,
  type CoopOfWords,
  type DoubleBookedEvent,
  type FamilyEvent,
} from './notification.ts';
import { addNotification, lockAudience, type Added } from './store.ts';
import type { EnrollmentEvent } from './wording.ts';

/** Name of the consumer in the inbox table. It never changes: a new name would handle every event again. */
const consumer = 'notifications';

/** One transaction for the event's id and all its effects: a duplicate has none, and a failure leaves nothing behind. */
const once = (
  db: CoopDatabase,
  eventId: string,
  effects: (trx: CoopTransaction) => Promise<Added[]>,
): Promise<Added[]> =>
  transact(db, async (trx) => ((await receiveOnce(trx, { consumer, eventId })) ? effects(trx) : []));

export function receiveFamily(db: CoopDatabase, coop: CoopOfWords, event: FamilyEvent): Promise<Added[]> {
  return once(db, event.id, async (trx) => {
    const { familyId } = event.data;
    await lockAudience(trx, audienceOf(familyId));
    await upsertContact(trx, event.data);
    if (event.type !== 'homeroom.family.registered.v1') return [];
    const [welcome, registered] = draftsForRegistration(event, coop);
    const { entry } = welcome.mail.invitation;
    const { uid, sequence, status } = entry;
    await upsertEntry(trx, { uid, familyId, version: sequence, status, orientation: entry });
    // the coordinators' inbox last: all registrations queue for its lock, and then hold it no longer than the commit takes
    return [await addNotification(trx, welcome, event), await addNotification(trx, registered, event)];
  });
}

export function receiveClass(db: CoopDatabase, event: ClassEvent): Promise<Added[]> {
  return once(db, event.id, async (trx) => {
    // throws for a class that no calendar can show, before families are enrolled in it
    calendarZone(event.data.timeZone);
    await upsertClass(trx, event.data);
    return [];
  });
}

/** Families are notified by the event of each enrollment; calendars leave the class out for the same reason. */
export function receiveClassCanceled(db: CoopDatabase, coop: CoopOfWords, event: ClassCanceledEvent): Promise<Added[]> {
  return once(db, event.id, async (trx) => {
    await upsertClass(trx, event.data.class);
    return [await addNotification(trx, draftForClassCanceled(event, coop), event)];
  });
}

export function receiveDoubleBooking(db: CoopDatabase, coop: CoopOfWords, event: DoubleBookedEvent): Promise<Added[]> {
  return once(db, event.id, async (trx) => [await addNotification(trx, draftForDoubleBooking(event, coop), event)]);
}

export function receiveEnrollment(db: CoopDatabase, coop: CoopOfWords, event: EnrollmentEvent): Promise<Added[]> {
  return once(db, event.id, async (trx) => {
    const { enrollmentId, version, familyId, child, class: course } = event.data;
    const uid = enrollmentUid(enrollmentId);
    const status = entryStatusOf(event);
    await upsertClass(trx, course);
    const before =
      status === undefined
        ? await findStanding(trx, uid)
        : await upsertEntry(trx, { uid, familyId, version, status, classId: course.classId, childName: child.name });
    const draft = draftForEnrollment(event, coop, before);
    return draft === undefined ? [] : [await addNotification(trx, draft, event)];
  });
}

/** A mail that concerns only an account: no inbox has it. */
export function receiveAccount(db: CoopDatabase, event: AccountEvent): Promise<Added[]> {
  return once(db, event.id, async (trx) => {
    await addAccountMail(trx, event);
    return [];
  });
}

export function receiveCoordinator(db: CoopDatabase, event: CoordinatorSaved): Promise<Added[]> {
  return once(db, event.id, async (trx) => {
    await upsertCoordinator(trx, event);
    return [];
  });
}
