import { isExclusionViolation, type CoopTransaction } from '@homeroom/postgres';

/** The rooms and teachers of these classes become free. */
export async function deleteBookings(trx: CoopTransaction, classIds: readonly string[]): Promise<void> {
  await trx.query({
    name: 'bookings_delete',
    text: 'delete from bookings where coop_id = $1 and class_id = any($2::uuid[])',
    values: [trx.coopId, classIds],
  });
}

export interface Booking {
  readonly classIds: readonly string[];
  /** `room:<class id>` and `teacher:<class id>` of bookings that overlap with others on purpose. */
  readonly shared: readonly string[];
  readonly reason: string;
}

/** Books the rooms and teachers of open classes that have none yet. */
export async function bookClasses(trx: CoopTransaction, { classIds, shared, reason }: Booking): Promise<void> {
  await trx.query({
    name: 'bookings_insert',
    text: `insert into bookings (coop_id, class_id, resource, name_key, weekday, hours, days, override_reason)
      select c.coop_id, c.class_id, r.resource, booking_key(r.name), c.weekday,
        int4range(extract(epoch from c.start_time::time)::int / 60, extract(epoch from c.end_time::time)::int / 60),
        daterange(first_meeting(c.weekday, c.first_day), c.last_day, '[]'),
        case when r.resource || ':' || c.class_id = any($3::text[]) then $4 end
      from classes c cross join lateral (values ('room', c.room), ('teacher', c.teacher)) as r (resource, name)
      where c.coop_id = $1 and c.class_id = any($2::uuid[])
        and c.status = 'open' and first_meeting(c.weekday, c.first_day) <= c.last_day
      order by r.resource, 4, c.class_id`,
    values: [trx.coopId, classIds, shared, reason],
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
