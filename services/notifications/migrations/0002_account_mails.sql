-- The first guardian, who is also an account. unverified_version is the version whose event said that the guardian's address
-- is not verified: an address is unverified while it equals version. A worker from before this migration leaves it behind
-- when it writes a newer version, and that counts as verified, as it did then.
alter table contacts
  add column guardian_id uuid,
  add column unverified_version int;

-- sent_to: the address that the mail went to; null for mails sent before this migration. calendar: whether the mail carries
-- its invitation; a worker from before this migration attaches it always.
alter table deliveries
  add column sent_to text,
  add column calendar boolean not null default true;

-- finds the invitation that a cancellation refers to
create index deliveries_sent on deliveries (family_id) where status = 'sent';

-- Mails that concern an account and not a family's inbox. They go to the address that their event names.
-- due: to be sent at due_at, or in hand until due_at. The rest are ends; expired: its link expired before it could be sent.
create table account_mails (
  account_mail_id uuid primary key,
  event_id uuid not null unique,
  -- the order in which an account's mails leave
  sequence bigint generated always as identity,
  account_id uuid not null,
  email text not null,
  kind text not null,
  -- what its wording needs: never the token of its link, which is derived when the mail is sent
  details jsonb not null,
  status text not null default 'due' check (status in ('due', 'sent', 'failed', 'expired')),
  attempts int not null default 0,
  created_at timestamptz not null,
  due_at timestamptz not null,
  expires_at timestamptz,
  sent_at timestamptz,
  last_error text,
  traceparent text
);
create index account_mails_due on account_mails (due_at) where status = 'due';
create index account_mails_open on account_mails (account_id, sequence) where status = 'due';
create index account_mails_created on account_mails (created_at);

-- What one account wants. Without a row, a guardian has the email switches of the family's row in preferences, which
-- older versions wrote; the calendar's address stays there.
create table account_preferences (
  account_id uuid primary key,
  email_enabled boolean not null default true,
  muted_kinds text[] not null default '{}'
);
