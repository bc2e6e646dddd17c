import { deadLetterTopic, topics, type DomainEvent } from '@homeroom/contracts';
import { coopConsumer, type Coop, type Directory } from '@homeroom/coops';
import type { ConsumeOptions, ConsumeRawOptions } from '@homeroom/kafka';
import { isUnavailable, type CoopDatabase, type Database } from '@homeroom/postgres';
import { CoopNotKnownError, knownCoop } from './coops/known-coop.ts';
import { coopOf, readDeadLetter } from './dead-letters/dead-letter.ts';
import { addDeadLetter } from './dead-letters/store.ts';
import {
  receiveAccount,
  receiveClass,
  receiveClassCanceled,
  receiveCoordinator,
  receiveDoubleBooking,
  receiveEnrollment,
  receiveFamily,
} from './notifications/receive-event.ts';
import type { Added } from './notifications/store.ts';

export const deadLetterTopics = Object.values(topics).map(deadLetterTopic);

export interface ConsumerDeps {
  readonly database: Database;
  readonly coops: Directory;
  /** Called after the commit. It must not throw. */
  readonly onAdded: (added: readonly Added[]) => Promise<void>;
  /** Called after the commit of a mail that no inbox has, and of an address for which mails may wait. It must not throw. */
  readonly onAccountMail: () => void;
}

/** What this service consumes: one row per consumer group. */
export function consumers({ database, coops, onAdded, onAccountMail }: ConsumerDeps): ConsumeOptions[] {
  const added =
    <E extends DomainEvent>(receive: (db: CoopDatabase, event: E) => Promise<Added[]>) =>
    async (event: E): Promise<void> =>
      onAdded(await receive(database.ofCoop(event.coopId), event));
  const worded =
    <E extends DomainEvent>(receive: (db: CoopDatabase, coop: Coop, event: E) => Promise<Added[]>) =>
    async (event: E, { attempt }: { attempt: number }): Promise<void> => {
      const coop = knownCoop(coops, event.coopId, { attempt });
      await onAdded(await receive(database.ofCoop(event.coopId), coop, event));
    };
  const mailed =
    <E extends DomainEvent>(receive: (db: CoopDatabase, event: E) => Promise<unknown>) =>
    async (event: E): Promise<void> => {
      await receive(database.ofCoop(event.coopId), event);
      onAccountMail();
    };
  const account = mailed(receiveAccount);
  const course = added(receiveClass);
  const enrollment = worded(receiveEnrollment);
  const family = worded(receiveFamily);
  return [
    coopConsumer(database, 'notifications'),
    {
      group: 'notifications',
      topics: [topics.account, topics.family, topics.class, topics.enrollment],
      isTransient: (error) => isUnavailable(error) || (error instanceof CoopNotKnownError && error.passes),
      handlers: {
        'homeroom.account.verification-requested.v1': account,
        'homeroom.account.password-reset-requested.v1': account,
        'homeroom.account.password-changed.v1': account,
        'homeroom.account.sign-in-attacked.v1': account,
        'homeroom.account.coordinator-saved.v1': mailed(receiveCoordinator),
        'homeroom.family.registered.v1': family,
        'homeroom.family.changed.v1': family,
        'homeroom.class.opened.v1': course,
        'homeroom.class.changed.v1': course,
        'homeroom.class.canceled.v1': worded(receiveClassCanceled),
        'homeroom.class.double-booked.v1': worded(receiveDoubleBooking),
        'homeroom.enrollment.waitlisted.v1': enrollment,
        'homeroom.enrollment.seat-held.v1': enrollment,
        'homeroom.enrollment.confirmed.v1': enrollment,
        'homeroom.enrollment.promoted.v1': enrollment,
        'homeroom.enrollment.offered.v1': enrollment,
        'homeroom.enrollment.offer-expired.v1': enrollment,
        'homeroom.enrollment.payment-failed.v1': enrollment,
        'homeroom.enrollment.payment-delayed.v1': enrollment,
        'homeroom.enrollment.flagged.v1': enrollment,
        'homeroom.enrollment.rescheduled.v1': enrollment,
        'homeroom.enrollment.cancelled.v1': enrollment,
      },
    },
  ];
}

/** Consumes, undecoded, the messages that the consumers of any service could not handle. */
export const deadLetterConsumer = ({ database }: Pick<ConsumerDeps, 'database'>): ConsumeRawOptions => ({
  group: 'notifications-dead-letters',
  topics: deadLetterTopics,
  handler: (message) => addDeadLetter(database.ofCoop(coopOf(message)), readDeadLetter(message)),
  // there is no dead letter of a dead letter: a bug in storing it holds the partition, and nothing is lost
  isTransient: () => true,
  deadLetters: false,
});
