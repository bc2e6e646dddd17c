import type { Cache } from '@homeroom/cache';
import { topics } from '@homeroom/contracts';
import type { ConsumeOptions, EventHandlers } from '@homeroom/kafka';
import { isUnavailable, type Database } from '@homeroom/postgres';
import { copyFamily } from './families/copy-family.ts';

/** Families, as this service knows them. */
export function familyConsumer(database: Database): ConsumeOptions {
  return {
    group: 'enrollment',
    topics: [topics.family],
    isTransient: isUnavailable,
    handlers: {
      'homeroom.family.registered.v1': ({ id, data }) => copyFamily(database, { eventId: id, family: data }),
      'homeroom.family.changed.v1': ({ id, data }) => copyFamily(database, { eventId: id, family: data }),
    },
  };
}

/**
 * This service's own events, once they are out: every process forgets the class. A group of its own, so that many
 * enrolments never keep a family waiting; from the end, because old news makes nothing stale.
 */
export function cacheConsumer(classes: Cache): ConsumeOptions {
  const forget = ({ data }: { data: { classId: string } | { class: { classId: string } } }): Promise<void> =>
    classes.invalidate('class' in data ? data.class.classId : data.classId);
  const handlers: EventHandlers = {
    'homeroom.class.changed.v1': forget,
    'homeroom.enrollment.waitlisted.v1': forget,
    'homeroom.enrollment.seat-held.v1': forget,
    'homeroom.enrollment.confirmed.v1': forget,
    'homeroom.enrollment.promoted.v1': forget,
    'homeroom.enrollment.offered.v1': forget,
    'homeroom.enrollment.offer-expired.v1': forget,
    'homeroom.enrollment.cancelled.v1': forget,
  };
  return { group: 'enrollment-cache', topics: [topics.class, topics.enrollment], fromBeginning: false, handlers };
}
