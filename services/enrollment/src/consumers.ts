import type { Cache } from '@homeroom/cache';
import { topics, type DomainEvent } from '@homeroom/contracts';
import { coopConsumer } from '@homeroom/coops';
import type { ConsumeOptions } from '@homeroom/kafka';
import { isUnavailable, type Database } from '@homeroom/postgres';
import { classKey } from './classes/open-class-cache.ts';
import { copyFamily } from './families/copy-family.ts';

type OfFamily = DomainEvent<'homeroom.family.registered.v1' | 'homeroom.family.changed.v1'>;

interface OfClass {
  readonly coopId: string;
  readonly data: { classId: string } | { class: { classId: string } };
}

/** What this service consumes: one row per consumer group. */
export function consumers({ db, classes }: { db: Database; classes: Cache }): ConsumeOptions[] {
  const invalidate = ({ coopId, data }: OfClass): Promise<void> =>
    classes.invalidate(classKey(coopId, 'class' in data ? data.class.classId : data.classId));
  const copy = ({ id, coopId, data }: OfFamily): Promise<void> =>
    copyFamily({ db: db.ofCoop(coopId) }, { eventId: id, family: data });
  return [
    coopConsumer(db, 'enrollment'),
    {
      group: 'enrollment',
      topics: [topics.family],
      isTransient: isUnavailable,
      handlers: {
        'homeroom.family.registered.v1': copy,
        'homeroom.family.changed.v1': copy,
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
