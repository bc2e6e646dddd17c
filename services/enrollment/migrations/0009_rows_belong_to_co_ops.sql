-- Every row belongs to a co-op. Primary keys, unique indexes, and foreign keys contain its id, and the indexes that serve a co-op's
-- lists begin with it. Version 0.2 runs on this schema too: the default gives the first co-op what is here already, and what that
-- version writes. It names conflict targets without a co-op: the constraints named …_before_coops are for it alone, and the release
-- after this one drops them.

-- a full-text index that begins with a uuid; trusted since Postgres 13, so the owner of the database may create it
create extension if not exists btree_gin;

-- at once, in the order in which transactions lock rows: a conflict with one ends here, and not after some indexes are built
lock table idempotency_keys, inbox, import_jobs, import_batches, families, classes, class_seats, unreported_seats, bookings,
  class_jobs, enrollments, enrollment_events, charges, children, outbox in access exclusive mode;

alter table families
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint families_pkey,
  add constraint families_pkey primary key (coop_id, family_id);
alter table families add constraint families_before_coops unique (family_id);

alter table children
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint children_pkey,
  add constraint children_pkey primary key (coop_id, child_id);
alter table children add constraint children_before_coops unique (child_id);
drop index children_family;
create index children_family on children (coop_id, family_id);

alter table classes
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint classes_pkey,
  add constraint classes_pkey primary key (coop_id, class_id);
drop index classes_natural_key;
create unique index classes_natural_key on classes (coop_id, title, teacher, weekday, start_time);
-- after classes_natural_key: of two that are violated, Postgres names the older one, and version 0.2 knows that name
alter table classes add constraint classes_before_coops unique (title, teacher, weekday, start_time);
drop index classes_listing;
create index classes_listing on classes (coop_id, title, class_id);
drop index classes_search;
create index classes_search on classes using gin (coop_id, search);
drop index classes_rooms;
create index classes_rooms on classes (coop_id, booking_key(room), weekday) where status = 'open';
drop index classes_teachers;
create index classes_teachers on classes (coop_id, booking_key(teacher), weekday) where status = 'open';

alter table class_seats
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint class_seats_pkey,
  add constraint class_seats_pkey primary key (coop_id, class_id);

alter table unreported_seats
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint unreported_seats_pkey,
  add constraint unreported_seats_pkey primary key (coop_id, class_id);

alter table bookings
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint bookings_pkey,
  drop constraint bookings_once,
  add constraint bookings_pkey primary key (coop_id, class_id, resource),
  add constraint bookings_once exclude using gist (
    coop_id with =, resource with =, name_key with =, weekday with =, hours with &&, days with &&
  ) where (override_reason is null);

alter table class_jobs
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint class_jobs_pkey,
  add constraint class_jobs_pkey primary key (coop_id, class_job_id);
drop index class_jobs_class;
create index class_jobs_class on class_jobs (coop_id, class_id, class_job_id);

alter table enrollments
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint enrollments_pkey,
  add constraint enrollments_pkey primary key (coop_id, enrollment_id);
drop index enrollments_one_per_child;
create unique index enrollments_one_per_child on enrollments (coop_id, class_id, child_id) where status <> 'cancelled';
drop index enrollments_waitlist;
create unique index enrollments_waitlist on enrollments (coop_id, class_id, waitlist_number) where status = 'waitlisted';
drop index enrollments_family;
create index enrollments_family on enrollments (coop_id, family_id, enrollment_id);
drop index enrollments_class;
create index enrollments_class on enrollments (coop_id, class_id, enrollment_id);
drop index enrollments_idempotency;
create unique index enrollments_idempotency on enrollments (coop_id, family_id, idempotency_key)
  where idempotency_key is not null;

alter table enrollment_events
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint enrollment_events_pkey,
  add constraint enrollment_events_pkey primary key (coop_id, enrollment_id, version);

alter table charges
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint charges_pkey,
  add constraint charges_pkey primary key (coop_id, enrollment_id);
-- the payment provider knows the enrollment alone: its webhooks learn here which co-op it is of
create index charges_enrollment on charges (enrollment_id);

alter table outbox
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint outbox_pkey,
  -- the relay reads the rows of all co-ops in the order of their sequence
  add constraint outbox_pkey primary key (sequence, coop_id);

alter table inbox
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint inbox_pkey,
  add constraint inbox_pkey primary key (coop_id, consumer, event_id);

alter table idempotency_keys
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint idempotency_keys_pkey,
  add constraint idempotency_keys_pkey primary key (coop_id, principal, key);
-- after the primary key, whose name version 0.2 knows
alter table idempotency_keys add constraint idempotency_keys_before_coops unique (principal, key);

alter table import_batches drop constraint import_batches_import_id_fkey;
alter table import_jobs
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint import_jobs_pkey,
  add constraint import_jobs_pkey primary key (coop_id, import_id);
drop index import_jobs_by_key;
create unique index import_jobs_by_key on import_jobs (coop_id, requested_by, idempotency_key);
drop index import_jobs_waiting_same;
create unique index import_jobs_waiting_same on import_jobs (coop_id, requested_by, request_hash)
  where idempotency_key is null and status in ('queued', 'running');
alter table import_batches
  add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001',
  drop constraint import_batches_pkey,
  add constraint import_batches_pkey primary key (coop_id, import_id, batch),
  add constraint import_batches_job foreign key (coop_id, import_id) references import_jobs (coop_id, import_id)
    on delete cascade;

-- The triggers that follow the seats of classes, within a co-op. Otherwise they are as they were.

create or replace function class_seats_follow() returns trigger
  language plpgsql as $$
begin
  case tg_op
    when 'INSERT' then
      insert into class_seats (coop_id, class_id, version, capacity)
        values (new.coop_id, new.class_id, new.version, new.capacity);
    when 'UPDATE' then
      update class_seats set version = new.version, capacity = new.capacity
        where coop_id = new.coop_id and class_id = new.class_id;
    when 'DELETE' then
      delete from class_seats where coop_id = old.coop_id and class_id = old.class_id;
  end case;
  return null;
end $$;

create or replace function class_seats_count_old() returns trigger
  language plpgsql as $$
declare
  seats class_seats;
  more_taken int := new.taken - old.taken;
  more_waiting int := new.waitlisted - old.waitlisted;
  adds boolean := (new.taken, new.waitlisted, new.last_number) <> (old.taken, old.waitlisted, old.last_number);
  is_behind boolean;
begin
  if adds then
    perform from class_seats where coop_id = new.coop_id and class_id = new.class_id for no key update;
  end if;
  select * into strict seats from class_seats where coop_id = new.coop_id and class_id = new.class_id;
  is_behind := case
    -- one family takes a seat, which it may while nobody waits, or a place on the waitlist, while there is no seat
    when more_taken = 1 and more_waiting = 0 then seats.waitlisted > 0 or seats.taken >= seats.capacity
    when more_taken = 0 and more_waiting = 1 then seats.waitlisted = 0 and seats.taken < seats.capacity
    else new.capacity < old.capacity and new.capacity < seats.taken
  end;
  if is_behind then
    raise exception 'the seats of class % have changed meanwhile', new.class_id using errcode = 'serialization_failure';
  end if;
  if adds then
    update class_seats
      set taken = taken + more_taken,
        waitlisted = waitlisted + more_waiting,
        last_number = last_number + new.last_number - old.last_number
      where coop_id = new.coop_id and class_id = new.class_id
      returning * into seats;
  end if;
  new.taken := seats.taken;
  new.waitlisted := seats.waitlisted;
  new.last_number := seats.last_number;
  return new;
end $$;

create or replace function class_seats_report() returns trigger
  language plpgsql as $$
begin
  update classes set taken = taken where coop_id = new.coop_id and class_id = new.class_id;
  return null;
end $$;

create or replace function class_seats_report_relayed() returns trigger
  language plpgsql as $$
begin
  insert into unreported_seats (coop_id, class_id)
  select distinct e.coop_id, e.class_id
  from relayed r join enrollments e on e.coop_id = r.coop_id and e.enrollment_id = r.key::uuid
  where r.topic = 'homeroom.enrollment.v1'
  on conflict do nothing;

  with due as (
    delete from unreported_seats
    where since < now() - interval '1 second'
      or not exists (select from outbox where sequence > (select max(sequence) from relayed))
    returning coop_id, class_id
  )
  update classes c set taken = c.taken
  from due join class_seats s using (coop_id, class_id)
  where c.coop_id = due.coop_id and c.class_id = due.class_id and c.taken <> s.taken;
  return null;
end $$;

-- Version 0.2 knows one co-op. Once there is a second one, that version cannot come back, and what serves it would be in the way: two
-- co-ops may have equal rows. Its constraints are the owner's, so this runs as the owner.
create function drop_before_coops() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  found record;
begin
  for found in
    select conrelid::regclass as of, conname as name from pg_constraint
    where connamespace = 'public'::regnamespace and conname like '%\_before\_coops'
  loop
    execute format('alter table %s drop constraint %I', found.of, found.name);
  end loop;
  return null;
end $$;
create trigger coops_second after insert on coops
  for each row when (new.coop_id <> '00000000-0000-7000-8000-000000000001') execute function drop_before_coops();

-- so that the planner knows that one co-op has all the rows, also for the statements of version 0.2, which name none
analyze families, children, classes, class_seats, bookings, class_jobs, enrollments, enrollment_events, charges, outbox, inbox,
  idempotency_keys, import_jobs, import_batches;
