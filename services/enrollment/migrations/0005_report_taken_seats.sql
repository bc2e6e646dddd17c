-- Until no version before 0.3 runs: when the events of taken seats have been relayed, the counters of their classes in
-- `classes` are brought up to date, once per class and batch. Whichever version's relay it is.
create function class_seats_report_relayed() returns trigger
  language plpgsql as $$
begin
  update classes c set taken = c.taken
  from class_seats s
  where s.class_id = c.class_id and s.taken <> c.taken and s.class_id in (
    select e.class_id from relayed r join enrollments e on e.enrollment_id = r.key::uuid
    where r.topic = 'homeroom.enrollment.v1'
  );
  return null;
end $$;

create trigger class_seats_report_relayed
  after delete on outbox
  referencing old table as relayed
  for each statement execute function class_seats_report_relayed();
