-- Families as the events tell them: whom to write to. Owned by families, copied here.
create table contacts (
  family_id uuid primary key,
  version int not null,
  family_name text not null,
  guardian_name text not null,
  email text not null
);

-- Classes as the events tell them. A class event and an enrolment event both carry the whole class: the newer version wins.
create table classes (
  class_id uuid primary key,
  version int not null,
  snapshot jsonb not null
);

-- One row per reader's inbox, 'family:<id>' or 'coordinators'. Locking it orders everything that happens to that reader:
-- positions become visible in the order in which they were given, so a stream that has seen n misses nothing up to n.
create table audiences (
  audience text primary key check (audience = 'coordinators' or audience ~ '^family:[0-9a-f-]{36}$'),
  position bigint not null default 0,
  unread bigint not null default 0 check (unread >= 0)
);

create table notifications (
  id uuid primary key,
  audience text not null references audiences,
  position bigint not null,
  event_id uuid not null,
  kind text not null,
  subject text not null,
  body text not null,
  data jsonb not null,
  created_at timestamptz not null,
  read_at timestamptz,
  unique (audience, position),
  -- the inbox table already stops a second delivery of an event; this holds even if somebody prunes it too early
  unique (event_id, audience)
);
create index notifications_unread on notifications (audience, position) where read_at is null;

-- waiting: the family is not known yet. due: to be sent at due_at, or in hand until due_at. The rest are ends.
create table deliveries (
  notification_id uuid primary key references notifications,
  family_id uuid not null,
  position bigint not null,
  status text not null check (status in ('waiting', 'due', 'sent', 'suppressed', 'failed')),
  invitation jsonb not null,
  attempts int not null default 0,
  due_at timestamptz not null,
  sent_at timestamptz,
  last_error text,
  traceparent text
);
create index deliveries_due on deliveries (due_at) where status = 'due';
-- finds what is in front of a mail in its family's queue, and what waits for a family
create index deliveries_open on deliveries (family_id, position) where status in ('waiting', 'due');

-- What a family's calendar shows. A class's own data is joined from classes, so that a new room shows everywhere at once.
create table calendar_entries (
  uid text primary key,
  family_id uuid not null,
  version int not null,
  status text not null check (status in ('tentative', 'confirmed', 'cancelled')),
  class_id uuid references classes,
  child_name text,
  orientation jsonb,
  updated_at timestamptz not null,
  check ((class_id is null) = (orientation is not null)),
  check ((class_id is null) = (child_name is null))
);
create index calendar_entries_shown on calendar_entries (family_id) where status <> 'cancelled';

create table preferences (
  family_id uuid primary key,
  email_enabled boolean not null default true,
  muted_kinds text[] not null default '{}',
  calendar_token text not null unique
);

-- Messages that no retry could help, byte for byte. Headers are JSON text ([[name, base64]…]), not jsonb: jsonb refuses
-- some of what a broken producer can send.
create table dead_letters (
  id uuid primary key,
  topic text not null,
  "partition" int not null,
  "offset" bigint not null,
  key bytea,
  value bytea,
  headers text not null,
  reason text not null,
  consumer_group text not null,
  event_type text,
  event_id text,
  obstacle text,
  failed_at timestamptz not null,
  replayed_at timestamptz,
  replayed_by text,
  unique (topic, "partition", "offset")
);
create index dead_letters_open on dead_letters (topic, id) where replayed_at is null;

create table outbox (sequence bigint generated always as identity primary key, id uuid not null, topic text not null, key text not null, headers jsonb not null, payload bytea not null, created_at timestamptz not null default now());
create table inbox (consumer text not null, event_id uuid not null, received_at timestamptz not null default now(), primary key (consumer, event_id));
