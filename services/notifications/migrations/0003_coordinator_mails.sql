-- Coordinators as families publishes them: whom to write to. saved_at: the time of the event, the newest wins.
create table coordinators (
  account_id uuid primary key,
  name text not null,
  email text not null,
  saved_at timestamptz not null
);

-- The kinds that a coordinator has switched on. Without a row, none.
create table coordinator_preferences (
  account_id uuid primary key,
  email_enabled boolean not null default true,
  mailed_kinds text[] not null default '{}'
);

-- Mails of the coordinators' notifications: one for each coordinator who has switched the kind on.
-- due: to be sent at due_at, or in hand until due_at; it waits while its coordinator's address is not known. The rest are ends.
create table coordinator_mails (
  coordinator_mail_id uuid primary key default gen_random_uuid(),
  notification_id uuid not null references notifications,
  account_id uuid not null,
  -- the notification's place in the inbox: the order in which a coordinator's mails leave
  position bigint not null,
  status text not null default 'due' check (status in ('due', 'sent', 'suppressed', 'failed')),
  attempts int not null default 0,
  due_at timestamptz not null,
  sent_at timestamptz,
  last_error text,
  traceparent text,
  unique (notification_id, account_id)
);
create index coordinator_mails_due on coordinator_mails (due_at) where status = 'due';
create index coordinator_mails_open on coordinator_mails (account_id, position) where status = 'due';
