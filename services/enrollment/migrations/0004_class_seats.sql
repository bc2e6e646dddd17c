-- Seat counters apart from class details: taking a seat writes a row of 64 bytes that no index but the primary key covers,
-- and leaves the class with its description and search vector alone. Versions 0.1 and 0.2 run on this schema too, also
-- beside newer code: what is marked "until" below keeps their counters in `classes` right, and goes with them.

create table class_seats (
  class_id uuid primary key,
  -- both of the class: the counters' limit, and what a decision about a seat was based on
  version int not null,
  capacity int not null,
  -- read model of the enrollments' events
  taken int not null default 0,
  waitlisted int not null default 0 check (waitlisted >= 0),
  last_number int not null default 0,
  -- no bug and no race above this line can oversell a class
  constraint class_seats_never_oversold check (taken between 0 and capacity)
) with (fillfactor = 50); -- room for as many new versions as there are rows: an update stays on its page

-- The row of `class_seats` begins, follows the details, and ends with its class. Order of locks: class, seats.
create function class_seats_follow() returns trigger
  language plpgsql as $$
begin
  case tg_op
    when 'INSERT' then
      insert into class_seats (class_id, version, capacity) values (new.class_id, new.version, new.capacity);
    when 'UPDATE' then
      update class_seats set version = new.version, capacity = new.capacity where class_id = new.class_id;
    when 'DELETE' then
      delete from class_seats where class_id = old.class_id;
  end case;
  return null;
end $$;

create trigger class_seats_follow
  after insert or delete or update of version, capacity on classes
  for each row execute function class_seats_follow();

-- Until no version before 0.3 runs: those count in `classes`. What they add there is added to `class_seats`, and `classes`
-- gets the sum. A statement that decided on counters which are behind is refused like any conflict between two
-- transactions: those versions repeat it. An update that adds nothing brings the counters of `classes` up to date.
create function class_seats_count_old() returns trigger
  language plpgsql as $$
declare
  seats class_seats;
  more_taken int := new.taken - old.taken;
  more_waiting int := new.waitlisted - old.waitlisted;
  adds boolean := (new.taken, new.waitlisted, new.last_number) <> (old.taken, old.waitlisted, old.last_number);
  is_behind boolean;
begin
  if adds then
    perform from class_seats where class_id = new.class_id for no key update;
  end if;
  select * into strict seats from class_seats where class_id = new.class_id;
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
      where class_id = new.class_id
      returning * into seats;
  end if;
  new.taken := seats.taken;
  new.waitlisted := seats.waitlisted;
  new.last_number := seats.last_number;
  return new;
end $$;

create trigger class_seats_count_old
  before update of taken, waitlisted, last_number, capacity on classes
  for each row execute function class_seats_count_old();

-- Until no version before 0.3 runs: `classes` has the new counters in the same transaction, after everything but a seat
-- that is taken while nobody waits. The statements that do such a thing hold the class's lock already. A taken seat follows
-- when its event is relayed: see the next migration.
create function class_seats_report() returns trigger
  language plpgsql as $$
begin
  update classes set taken = taken where class_id = new.class_id;
  return null;
end $$;

create trigger class_seats_report
  after update of taken, waitlisted on class_seats
  for each row when (pg_trigger_depth() = 0 and (new.waitlisted <> old.waitlisted or new.taken < old.taken))
  execute function class_seats_report();

-- the triggers have locked the table: no version can count between them and this
insert into class_seats (class_id, version, capacity, taken, waitlisted, last_number)
select class_id, version, capacity, taken, waitlisted, last_number from classes;
