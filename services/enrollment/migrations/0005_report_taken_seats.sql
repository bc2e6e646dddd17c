-- Until no version before 0.3 runs: when the events of taken seats have been relayed, the counters of their classes in
-- `classes` are brought up to date. It does not matter which version's relay it is. While it has more to relay, a class is
-- reported at most once per second: the statement that deletes the last event reports what is left.

create table unreported_seats (
  class_id uuid primary key,
  since timestamptz not null default now()
);

create function class_seats_report_relayed() returns trigger
  language plpgsql as $$
begin
  insert into unreported_seats (class_id)
  select distinct e.class_id
  from relayed r join enrollments e on e.enrollment_id = r.key::uuid
  where r.topic = 'homeroom.enrollment.v1'
  on conflict do nothing;

  with due as (
    delete from unreported_seats
    where since < now() - interval '1 second'
      or not exists (select from outbox where sequence > (select max(sequence) from relayed))
    returning class_id
  )
  update classes c set taken = c.taken
  from due join class_seats s using (class_id)
  where c.class_id = due.class_id and c.taken <> s.taken;
  return null;
end $$;

create trigger class_seats_report_relayed
  after delete on outbox
  referencing old table as relayed
  for each statement execute function class_seats_report_relayed();
