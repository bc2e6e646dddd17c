import type { Cache } from '@homeroom/cache';
import { topics } from '@homeroom/contracts';
import { coopConsumer } from '@homeroom/coops';
import type { ConsumeOptions } from '@homeroom/kafka';
import { isUnavailable, type Database } from '@homeroom/postgres';
import { copyFamily } from './families/copy-family.ts';

/** What this service consumes: one row per consumer group. */
export function consumers({ db, classes }: { db: Database; classes: Cache }): ConsumeOptions[] {
  const invalidate = ({ data }: { data: { classId: string } | { class: { classId: string } } }): Promise<void> =>
    classes.invalidate('class' in data ? data.class.classId : data.classId);
  return [
    coopConsumer(db, 'enrollment'),
    {
      group: 'enrollment',
      topics: [topics.family],
      isTransient: isUnavailable,
      handlers: {
        'homeroom.family.registered.v1': ({ id, data }) => copyFamily({ db }, { eventId: id, family: data }),
        'homeroom.family.changed.v1': ({ id, data }) => copyFamily({ db }, { eventId: id, family: data }),
      },
    },
    {
      // a group of its own, so that many enrollments never delay a family
      group: 'enrollment-cache',
      topics: [topics.class, topics.enrollment],
      // events from before the start cannot make an entry stale
      fromBeginning: false,
      handlers: {
        'homeroom.class.changed.v1': invalidate,
        'homeroom.class.canceled.v1': invalidate,
        'homeroom.enrollment.waitlisted.v1': invalidate,
        'homeroom.enrollment.seat-held.v1': invalidate,
        'homeroom.enrollment.confirmed.v1': invalidate,
        'homeroom.enrollment.promoted.v1': invalidate,
        'homeroom.enrollment.offered.v1': invalidate,
        'homeroom.enrollment.offer-expired.v1': invalidate,
        'homeroom.enrollment.cancelled.v1': invalidate,
      },
    },
  ];
}
