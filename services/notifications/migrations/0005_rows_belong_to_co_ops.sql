-- Every row belongs to a co-op, and every key contains it. The default gives the rows of an installation, and those that
-- processes of version 0.2 write while they still run, to its first co-op.
--
-- A constraint <table>_before_coops is the conflict target that version 0.2 names. The release after this one drops it. Ids
-- are unique everywhere, so it is in the way of nothing but a second co-op's 'coordinators' in audiences.
alter table contacts add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table classes add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table audiences add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table notifications add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table deliveries add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table calendar_entries add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table preferences add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table account_mails add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table account_preferences add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table coordinators add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table coordinator_preferences add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table coordinator_mails add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table dead_letters add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table outbox add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table inbox add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';

-- they depend on the keys that change
alter table notifications drop constraint notifications_audience_fkey;
alter table deliveries drop constraint deliveries_notification_id_fkey;
alter table calendar_entries drop constraint calendar_entries_class_id_fkey;
alter table coordinator_mails drop constraint coordinator_mails_notification_id_fkey;

alter table contacts
  drop constraint contacts_pkey,
  add primary key (coop_id, family_id),
  add constraint contacts_before_coops unique (family_id);

alter table classes
  drop constraint classes_pkey,
  add primary key (coop_id, class_id),
  add constraint classes_before_coops unique (class_id);

alter table audiences
  drop constraint audiences_pkey,
  add primary key (coop_id, audience),
  add constraint audiences_before_coops unique (audience);

alter table notifications
  drop constraint notifications_pkey,
  drop constraint notifications_audience_position_key,
  drop constraint notifications_event_id_audience_key,
  add primary key (coop_id, id),
  add constraint notifications_audience_position_key unique (coop_id, audience, position),
  add constraint notifications_event_id_audience_key unique (coop_id, event_id, audience),
  add constraint notifications_audience_fkey foreign key (coop_id, audience) references audiences;
drop index notifications_unread;
create index notifications_unread on notifications (coop_id, audience, position) where read_at is null;

alter table deliveries
  drop constraint deliveries_pkey,
  add primary key (coop_id, notification_id),
  add constraint deliveries_notification_id_fkey foreign key (coop_id, notification_id) references notifications;
drop index deliveries_open;
create index deliveries_open on deliveries (coop_id, family_id, position) where status in ('waiting', 'due');
drop index deliveries_sent;
create index deliveries_sent on deliveries (coop_id, family_id) where status = 'sent';

alter table calendar_entries
  drop constraint calendar_entries_pkey,
  add primary key (coop_id, uid),
  add constraint calendar_entries_before_coops unique (uid),
  add constraint calendar_entries_class_id_fkey foreign key (coop_id, class_id) references classes;
drop index calendar_entries_shown;
create index calendar_entries_shown on calendar_entries (coop_id, family_id) where status <> 'cancelled';

alter table preferences
  drop constraint preferences_pkey,
  drop constraint preferences_calendar_token_key,
  add primary key (coop_id, family_id),
  add constraint preferences_calendar_token_key unique (coop_id, calendar_token),
  add constraint preferences_before_coops unique (family_id);

alter table account_mails
  drop constraint account_mails_pkey,
  drop constraint account_mails_event_id_key,
  add primary key (coop_id, account_mail_id),
  add constraint account_mails_event_id_key unique (coop_id, event_id);
drop index account_mails_open;
create index account_mails_open on account_mails (coop_id, account_id, sequence) where status = 'due';

alter table account_preferences
  drop constraint account_preferences_pkey,
  add primary key (coop_id, account_id),
  add constraint account_preferences_before_coops unique (account_id);

alter table coordinators
  drop constraint coordinators_pkey,
  add primary key (coop_id, account_id),
  add constraint coordinators_before_coops unique (account_id);

alter table coordinator_preferences
  drop constraint coordinator_preferences_pkey,
  add primary key (coop_id, account_id),
  add constraint coordinator_preferences_before_coops unique (account_id);

alter table coordinator_mails
  drop constraint coordinator_mails_pkey,
  drop constraint coordinator_mails_notification_id_account_id_key,
  add primary key (coop_id, coordinator_mail_id),
  add constraint coordinator_mails_notification_id_account_id_key unique (coop_id, notification_id, account_id),
  add constraint coordinator_mails_notification_id_fkey foreign key (coop_id, notification_id) references notifications;
drop index coordinator_mails_open;
create index coordinator_mails_open on coordinator_mails (coop_id, account_id, position) where status = 'due';

-- of the co-op that the message names; of the first one when it names none
alter table dead_letters rename constraint dead_letters_topic_partition_offset_key to dead_letters_before_coops;
alter table dead_letters
  drop constraint dead_letters_pkey,
  add primary key (coop_id, id),
  add constraint dead_letters_topic_partition_offset_key unique (coop_id, topic, "partition", "offset");
drop index dead_letters_open;
create index dead_letters_open on dead_letters (coop_id, topic, id) where replayed_at is null;

-- the relay publishes the rows of all co-ops in one order: sequence comes first
alter table outbox
  drop constraint outbox_pkey,
  add primary key (sequence, coop_id);

alter table inbox
  drop constraint inbox_pkey,
  add primary key (coop_id, consumer, event_id);

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
