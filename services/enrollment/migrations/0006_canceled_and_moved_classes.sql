-- Classes that are canceled or moved, the work that this leaves for each of their enrollments, and rooms and teachers that
-- are booked once. Version 0.2 runs on this schema too: a canceled class is a closed one for it, and a class that it writes
-- has no bookings, which protect against concurrent requests only.

-- trusted since Postgres 13: the owner of the database may create it
create extension if not exists btree_gist;

alter table classes
  add column canceled_at timestamptz,
  add column cancel_reason text,
  add constraint classes_canceled check (
    (canceled_at is null) = (cancel_reason is null) and (canceled_at is null or status = 'closed')
  ) not valid;
alter table classes validate constraint classes_canceled;

-- What a change of a class leaves to do for each of its enrollments, page by page: the cursor moves in the transaction of
-- its page, so that a killed worker leaves nothing undone and nothing to do twice.
create table class_jobs (
  class_job_id bigint generated always as identity primary key,
  class_id uuid not null,
  kind text not null check (kind in ('cancel', 'reschedule')),
  -- of reschedule: the class before and after the change
  details jsonb not null,
  -- the last enrollment that is done, and the last one that the change concerns
  after_enrollment_id uuid not null default '00000000-0000-0000-0000-000000000000',
  until_enrollment_id uuid not null,
  -- later than now after a failure, so that one job never stops the others
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create index class_jobs_class on class_jobs (class_id, class_job_id);

-- The first day from `day` on that is this weekday.
create function first_meeting(weekday text, day date) returns date
  language sql immutable strict parallel safe
  return day + (array_position(
    array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], weekday
  ) - extract(isodow from day)::int + 7) % 7;

-- The rooms and teachers of open classes. `days` begins with a meeting, so two ranges of one weekday overlap exactly when
-- the classes meet on one day. A booking with a reason overlaps on purpose: the constraint leaves it out, the check of the
-- service does not.
create table bookings (
  class_id uuid not null,
  resource text not null check (resource in ('room', 'teacher')),
  -- booking_key of its name
  name_key text not null,
  weekday text not null,
  -- minutes of the day
  hours int4range not null check (not isempty(hours)),
  days daterange not null check (not isempty(days)),
  override_reason text,
  created_at timestamptz not null default now(),
  primary key (class_id, resource),
  constraint bookings_once exclude using gist (
    resource with =, name_key with =, weekday with =, hours with &&, days with &&
  ) where (override_reason is null)
);

with places as materialized (
  select c.class_id, r.resource, booking_key(r.name) as name_key, c.weekday,
    int4range(extract(epoch from c.start_time::time)::int / 60, extract(epoch from c.end_time::time)::int / 60) as hours,
    daterange(first_meeting(c.weekday, c.first_day), c.last_day, '[]') as days
  from classes c cross join lateral (values ('room', c.room), ('teacher', c.teacher)) as r (resource, name)
  where c.status = 'open' and first_meeting(c.weekday, c.first_day) <= c.last_day
)
insert into bookings (class_id, resource, name_key, weekday, hours, days, override_reason)
select p.class_id, p.resource, p.name_key, p.weekday, p.hours, p.days,
  case when exists (
    select from places o
    where o.resource = p.resource and o.name_key = p.name_key and o.weekday = p.weekday
      and o.hours && p.hours and o.days && p.days and o.class_id < p.class_id
  ) then 'Double-booked before rooms and teachers were booked once.' end
from places p;
