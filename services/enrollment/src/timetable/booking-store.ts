import { isExclusionViolation, type Transaction } from '@homeroom/postgres';

/** The rooms and teachers of these classes become free. */
export async function deleteBookings(trx: Transaction, classIds: readonly string[]): Promise<void> {
  await trx.query({
    name: 'bookings_delete',
    text: 'delete from bookings where class_id = any($1::uuid[])',
    values: [classIds],
  });
}

export interface Booking {
  readonly classIds: readonly string[];
  /** `room:<class id>` and `teacher:<class id>` of bookings that overlap with others on purpose. */
  readonly shared: readonly string[];
  readonly reason: string;
}

/** Books the rooms and teachers of open classes that have none yet. */
export async function bookClasses(trx: Transaction, { classIds, shared, reason }: Booking): Promise<void> {
  await trx.query({
    name: 'bookings_insert',
    text: `insert into bookings (class_id, resource, name_key, weekday, hours, days, override_reason)
      select c.class_id, r.resource, booking_key(r.name), c.weekday,
        int4range(extract(epoch from c.start_time::time)::int / 60, extract(epoch from c.end_time::time)::int / 60),
        daterange(first_meeting(c.weekday, c.first_day), c.last_day, '[]'),
        case when r.resource || ':' || c.class_id = any($2::text[]) then $3 end
      from classes c cross join lateral (values ('room', c.room), ('teacher', c.teacher)) as r (resource, name)
      where c.class_id = any($1::uuid[]) and c.status = 'open' and first_meeting(c.weekday, c.first_day) <= c.last_day
      order by r.resource, 3, c.class_id`,
    values: [classIds, shared, reason],
  });
}

const attempts = 5;

/**
 * Runs a use-case again when a concurrent one has booked the same room or teacher: its class is committed now, so that the
 * check finds it and names it.
 */
export async function bookedAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !isExclusionViolation(error, 'bookings_once')) throw error;
    }
  }
}
