-- What this service needs to know of families, copied from their events. A child that left its family stays as a row,
-- because its enrolments still name it.
create table families (
  family_id uuid primary key,
  version int not null,
  name text not null,
  guardians jsonb not null
);

create table children (
  child_id uuid primary key,
  family_id uuid not null,
  -- the family's version in which this child last changed: what a decision about the child was based on
  version int not null,
  name text not null,
  birth_date date not null,
  removed boolean not null default false,
  -- the weekly hours of the seats the child holds, beside the child so that one row lock guards against overlaps
  slots jsonb not null default '[]'
) with (fillfactor = 80);
create index children_family on children (family_id);

create table classes (
  class_id uuid primary key,
  -- counts changes of the details; taking a seat is none
  version int not null check (version > 0),
  title text not null,
  description text not null,
  subject text not null,
  teacher text not null,
  room text not null,
  weekday text not null check (weekday in ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')),
  -- 'HH:MM' on the co-op's own clock: sorts as text, and needs no time zone to compare
  start_time text not null check (start_time ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  end_time text not null check (end_time ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  first_day date not null,
  last_day date not null,
  time_zone text not null,
  age_min int not null check (age_min >= 0),
  age_max int not null,
  capacity int not null check (capacity > 0),
  price_cents int not null check (price_cents >= 0),
  currency text not null check (length(currency) = 3),
  status text not null check (status in ('open', 'closed')),
  -- read model of the enrolments' events
  taken int not null default 0,
  waitlisted int not null default 0 check (waitlisted >= 0),
  last_number int not null default 0,
  search tsvector generated always as (
    setweight(to_tsvector('english', title), 'A')
    || setweight(to_tsvector('english', subject || ' ' || teacher), 'B')
    || setweight(to_tsvector('english', description), 'C')
  ) stored,
  check (start_time < end_time),
  check (first_day <= last_day),
  check (age_min <= age_max),
  -- no bug and no race above this line can oversell a class
  constraint classes_never_oversold check (taken between 0 and capacity)
) with (fillfactor = 70); -- room for the counters' updates to stay on their page
create unique index classes_natural_key on classes (title, teacher, weekday, start_time);
create index classes_listing on classes (title, class_id);
create index classes_search on classes using gin (search);

-- The truth about enrolments: what happened, in order. Everything below `enrollments` can be rebuilt from it.
create table enrollment_events (
  enrollment_id uuid not null,
  version int not null check (version > 0),
  type text not null,
  data jsonb not null,
  occurred_at timestamptz not null,
  primary key (enrollment_id, version)
);

-- Read model. No foreign keys: rows come only from statements that hold the class's row, and each key costs a lock.
create table enrollments (
  enrollment_id uuid primary key,
  version int not null,
  class_id uuid not null,
  child_id uuid not null,
  family_id uuid not null,
  status text not null check (status in ('waitlisted', 'payment_pending', 'enrolled', 'cancelled')),
  amount_cents int not null check (amount_cents >= 0),
  waitlist_number int,
  cancel_reason text,
  refund_cents int not null default 0 check (refund_cents between 0 and amount_cents),
  idempotency_key text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check ((status = 'waitlisted') = (waitlist_number is not null)),
  check ((status = 'cancelled') = (cancel_reason is not null))
) with (fillfactor = 80);
create unique index enrollments_one_per_child on enrollments (class_id, child_id) where status <> 'cancelled';
create unique index enrollments_waitlist on enrollments (class_id, waitlist_number) where status = 'waitlisted';
create index enrollments_family on enrollments (family_id, enrollment_id);
create index enrollments_class on enrollments (class_id, enrollment_id);
create unique index enrollments_idempotency on enrollments (family_id, idempotency_key) where idempotency_key is not null;

-- One charge per seat that costs money, and its whole life: due → charged | declined | void | refund_due → refunded.
create table charges (
  enrollment_id uuid primary key,
  amount_cents int not null check (amount_cents > 0),
  currency text not null,
  state text not null default 'due' check (state in ('due', 'charged', 'declined', 'void', 'refund_due', 'refunded')),
  -- claims so far; from the second on, the provider is asked first what became of the one before
  attempts int not null default 0,
  -- when to try (again); while a worker is at it, when its claim runs out
  next_attempt_at timestamptz not null default now(),
  -- when a worker last set out to charge: what it asked may arrive a little later
  asked_at timestamptz,
  provider_charge_id text,
  provider_refund_id text,
  last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (state not in ('charged', 'refund_due', 'refunded') or provider_charge_id is not null)
) with (fillfactor = 80);
create index charges_due on charges (next_attempt_at) where state in ('due', 'refund_due');

create table outbox (sequence bigint generated always as identity primary key, id uuid not null, topic text not null, key text not null, headers jsonb not null, payload bytea not null, created_at timestamptz not null default now());
create table inbox (consumer text not null, event_id uuid not null, received_at timestamptz not null default now(), primary key (consumer, event_id));
create table idempotency_keys (principal text not null, key text not null, request_hash text not null, status int, body text, created_at timestamptz not null default now(), primary key (principal, key));
