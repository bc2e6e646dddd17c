import { deadLetterTopic, topics } from '@homeroom/contracts';
import type { Consumer, Kafka, KafkaEvent } from '@homeroom/kafka';
import { isUnavailable, type Database } from '@homeroom/postgres';
import { readDeadLetter } from './dead-letters/dead-letter.ts';
import { keepDeadLetter } from './dead-letters/store.ts';
import type { House } from './notifications/notification.ts';
import {
  receiveAccount,
  receiveClass,
  receiveCoordinator,
  receiveDoubleBooking,
  receiveEnrollment,
  receiveFamily,
  type Added,
} from './notifications/receive-event.ts';

const partitions = 6;
const listened = [topics.account, topics.family, topics.class, topics.enrollment];
const deadLetterTopics = Object.values(topics).map(deadLetterTopic);

export interface ConsumerOptions {
  readonly kafka: Kafka;
  readonly database: Database;
  readonly house: House;
  readonly signal: AbortSignal;
  /** Called after the commit. It must not throw. */
  readonly onAdded: (added: readonly Added[]) => Promise<void>;
  /** Called after the commit of a mail that no inbox has, and of an address for which mails may wait. It must not throw. */
  readonly onAccountMail: () => void;
  readonly onEvent?: (event: KafkaEvent) => void;
}

/** Where this service listens: domain events, and what everybody's consumers could not handle. */
export async function startConsumers({
  kafka,
  database,
  house,
  signal,
  onAdded,
  onAccountMail,
  onEvent,
}: ConsumerOptions): Promise<Consumer[]> {
  await kafka.ensureTopics(
    [
      ...Object.values(topics).map((topic) => ({ topic, partitions })),
      ...deadLetterTopics.map((topic) => ({ topic, partitions: 1 })),
    ],
    { signal },
  );
  const tell = { isTransient: isUnavailable, ...(onEvent === undefined ? {} : { onEvent }) };
  const then = async (added: Promise<Added[]>): Promise<void> => onAdded(await added);
  const mailed = async (received: Promise<Added[]>): Promise<void> => {
    await received;
    onAccountMail();
  };
  const events = await kafka.consume({
    ...tell,
    group: 'notifications',
    topics: listened,
    handlers: {
      'homeroom.account.verification-requested.v1': (event) => mailed(receiveAccount(database, event)),
      'homeroom.account.password-reset-requested.v1': (event) => mailed(receiveAccount(database, event)),
      'homeroom.account.password-changed.v1': (event) => mailed(receiveAccount(database, event)),
      'homeroom.account.sign-in-attacked.v1': (event) => mailed(receiveAccount(database, event)),
      'homeroom.account.coordinator-saved.v1': (event) => mailed(receiveCoordinator(database, event)),
      'homeroom.family.registered.v1': (event) => then(receiveFamily(database, house, event)),
      'homeroom.family.changed.v1': (event) => then(receiveFamily(database, house, event)),
      'homeroom.class.opened.v1': (event) => then(receiveClass(database, event)),
      'homeroom.class.changed.v1': (event) => then(receiveClass(database, event)),
      'homeroom.class.double-booked.v1': (event) => then(receiveDoubleBooking(database, event)),
      'homeroom.enrollment.waitlisted.v1': (event) => then(receiveEnrollment(database, event)),
      'homeroom.enrollment.seat-held.v1': (event) => then(receiveEnrollment(database, event)),
      'homeroom.enrollment.confirmed.v1': (event) => then(receiveEnrollment(database, event)),
      'homeroom.enrollment.promoted.v1': (event) => then(receiveEnrollment(database, event)),
      'homeroom.enrollment.offered.v1': (event) => then(receiveEnrollment(database, event)),
      'homeroom.enrollment.offer-expired.v1': (event) => then(receiveEnrollment(database, event)),
      'homeroom.enrollment.payment-failed.v1': (event) => then(receiveEnrollment(database, event)),
      'homeroom.enrollment.payment-delayed.v1': (event) => then(receiveEnrollment(database, event)),
      'homeroom.enrollment.flagged.v1': (event) => then(receiveEnrollment(database, event)),
      'homeroom.enrollment.cancelled.v1': (event) => then(receiveEnrollment(database, event)),
    },
  });
  const deadLetters = await kafka.consumeRaw({
    ...tell,
    group: 'notifications-dead-letters',
    topics: deadLetterTopics,
    handler: (message) => keepDeadLetter(database, readDeadLetter(message)),
    // there is no dead letter of a dead letter; a bug in the storing must hold the partition, not lose what it holds
    isTransient: () => true,
    deadLetters: false,
  });
  return [events, deadLetters];
}
