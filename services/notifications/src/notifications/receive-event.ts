import { receiveOnce } from '@homeroom/outbox';
import type { Database, Transaction } from '@homeroom/postgres';
import { addAccountMail } from '../account-mails/store.ts';
import { mailOf, type AccountEvent } from '../account-mails/account-mail.ts';
import { classEntry, enrollmentUid } from '../calendars/calendar.ts';
import { findStanding, keepClass, keepEntry } from '../calendars/store.ts';
import { keepContact, keepCoordinator, type CoordinatorSaved } from '../contacts/store.ts';
import {
  audienceOf,
  draftForDoubleBooking,
  draftForEnrollment,
  draftsForRegistration,
  entryStatusOf,
  type ClassEvent,
  type DoubleBookedEvent,
  type EnrollmentEvent,
  type FamilyEvent,
  type House,
} from './notification.ts';
import { addNotification, lockAudience, type Notification } from './store.ts';

/** What open streams must be sent after the commit. */
export type Added = Notification & { readonly audience: string };

/** Name of the consumer in the inbox table. It never changes: a new name would handle every event again. */
const consumer = 'notifications';

/** One transaction for the event's id and all its effects: a duplicate has none, and a failure leaves nothing behind. */
const once = (database: Database, eventId: string, effects: (trx: Transaction) => Promise<Added[]>): Promise<Added[]> =>
  database.transaction(async (trx) => ((await receiveOnce(trx, { consumer, eventId })) ? effects(trx) : []));

export function receiveFamily(database: Database, house: House, event: FamilyEvent): Promise<Added[]> {
  return once(database, event.id, async (trx) => {
    const { familyId } = event.data;
    await lockAudience(trx, audienceOf(familyId));
    await keepContact(trx, event.data);
    if (event.type !== 'homeroom.family.registered.v1') return [];
    const [welcome, news] = draftsForRegistration(event, house);
    const orientation = welcome.mail?.invitation.entry;
    if (orientation !== undefined) {
      await keepEntry(trx, {
        uid: orientation.uid,
        familyId,
        version: orientation.sequence,
        status: 'confirmed',
        orientation,
      });
    }
    const cause = { eventId: event.id, traceparent: event.traceparent };
    // the coordinators' inbox last: all registrations queue for its lock, and then hold it no longer than the commit takes
    return [await addNotification(trx, welcome, cause), await addNotification(trx, news, cause)];
  });
}

export function receiveClass(database: Database, event: ClassEvent): Promise<Added[]> {
  return once(database, event.id, async (trx) => {
    // throws for a class that no calendar can show, before families are enrolled in it
    classEntry({ uid: '', sequence: 0, status: 'tentative', childName: '' }, event.data);
    await keepClass(trx, event.data);
    return [];
  });
}

export function receiveDoubleBooking(database: Database, event: DoubleBookedEvent): Promise<Added[]> {
  return once(database, event.id, async (trx) => [
    await addNotification(trx, draftForDoubleBooking(event), { eventId: event.id, traceparent: event.traceparent }),
  ]);
}

export function receiveEnrollment(database: Database, event: EnrollmentEvent): Promise<Added[]> {
  return once(database, event.id, async (trx) => {
    const { enrollmentId, version, familyId, child, class: course } = event.data;
    const uid = enrollmentUid(enrollmentId);
    const status = entryStatusOf(event);
    await keepClass(trx, course);
    const before =
      status === undefined
        ? await findStanding(trx, uid)
        : await keepEntry(trx, { uid, familyId, version, status, classId: course.classId, childName: child.name });
    const draft = draftForEnrollment(event, before);
    if (draft === undefined) return [];
    return [await addNotification(trx, draft, { eventId: event.id, traceparent: event.traceparent })];
  });
}

/** A mail that concerns only an account: no inbox has it. */
export function receiveAccount(database: Database, event: AccountEvent): Promise<Added[]> {
  return once(database, event.id, async (trx) => {
    await addAccountMail(trx, mailOf(event), { eventId: event.id, traceparent: event.traceparent });
    return [];
  });
}

/** The name and the address of a coordinator. */
export function receiveCoordinator(database: Database, event: CoordinatorSaved): Promise<Added[]> {
  return once(database, event.id, async (trx) => {
    await keepCoordinator(trx, event);
    return [];
  });
}
