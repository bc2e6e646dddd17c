-- Every row belongs to a co-op, and every key names it: the rows of one co-op can live in another database, or be moved there.
-- The default gives the rows that are here, and those that processes of the last release still write, to the first co-op. It is
-- evaluated once and kept in the catalog, so no row is rewritten for it.

-- at once: a request in progress then conflicts with this statement or with none, and not after the indexes are built
lock table idempotency_keys, account_tokens, families, accounts, guardians, children, import_jobs, import_batches, outbox
  in access exclusive mode;

-- for indexes of a co-op and words, and of a co-op and a place; both are part of Postgres
create extension if not exists btree_gin;
create extension if not exists btree_gist;

alter table families add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table guardians add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table children add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table accounts add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table account_tokens add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table idempotency_keys add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table import_jobs add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table import_batches add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';
alter table outbox add column coop_id uuid not null default '00000000-0000-7000-8000-000000000001';

-- What refers to keys that change.
alter table guardians drop constraint guardians_family_id_fkey;
alter table children drop constraint children_family_id_fkey;
alter table accounts drop constraint accounts_family_id_fkey;
alter table account_tokens drop constraint account_tokens_account_id_fkey;
alter table import_batches drop constraint import_batches_import_id_fkey;

alter table families drop constraint families_pkey, add constraint families_pkey primary key (coop_id, id);
drop index families_in_order, families_by_words, families_by_place;
create index families_in_order on families (coop_id, sort_name, id);
create index families_by_words on families using gin (coop_id, search_words);
create index families_by_place on families using gist (coop_id, location);

alter table guardians
  drop constraint guardians_pkey,
  add constraint guardians_pkey primary key (coop_id, id),
  add constraint guardians_family_fkey foreign key (coop_id, family_id) references families (coop_id, id) on delete cascade;
drop index guardians_of_family;
create index guardians_of_family on guardians (coop_id, family_id);

alter table children
  drop constraint children_pkey,
  add constraint children_pkey primary key (coop_id, id),
  drop constraint children_natural_key,
  add constraint children_natural_key unique (coop_id, family_id, name, birth_date),
  -- the last release names it in "on conflict (id)"; dropped with the second co-op, or by the release after this one
  add constraint children_before_coops unique (id),
  add constraint children_family_fkey foreign key (coop_id, family_id) references families (coop_id, id) on delete cascade;

-- One address may have an account in two co-ops, but "on conflict (email)" of the last release needs `email` to be unique. So the
-- address moves to a column of its own, and `email` is what the last release knows: addresses of the first co-op. `email`, its
-- constraint, and the trigger are dropped with the second co-op, or by the release after this one.
alter table accounts
  drop constraint accounts_pkey,
  drop constraint accounts_email_key,
  add column email_address text;
drop index accounts_of_family;
update accounts set email_address = email;
alter table accounts
  alter column email_address set not null,
  alter column email drop not null,
  add constraint accounts_pkey primary key (coop_id, id),
  add constraint accounts_email_address_key unique (coop_id, email_address),
  add constraint accounts_before_coops unique (email),
  add constraint accounts_family_fkey foreign key (coop_id, family_id) references families (coop_id, id) on delete cascade,
  -- operators belong to the installation: their accounts are where those of the only co-op were
  add constraint accounts_operators check (role <> 'operator' or coop_id = '00000000-0000-7000-8000-000000000001');
create index accounts_of_family on accounts (coop_id, family_id);

create function accounts_email_before_coops() returns trigger language plpgsql as $$
begin
  new.email_address := coalesce(new.email_address, new.email);
  new.email := case when new.coop_id = '00000000-0000-7000-8000-000000000001' then new.email_address end;
  return new;
end $$;
create trigger accounts_email_before_coops before insert or update of coop_id, email_address, email on accounts
  for each row execute function accounts_email_before_coops();

alter table account_tokens
  drop constraint account_tokens_pkey,
  add constraint account_tokens_pkey primary key (coop_id, token_hash),
  add constraint account_tokens_account_fkey foreign key (coop_id, account_id) references accounts (coop_id, id)
    on delete cascade;
drop index account_tokens_of_account;
create index account_tokens_of_account on account_tokens (coop_id, account_id);

alter table idempotency_keys
  drop constraint idempotency_keys_pkey,
  add constraint idempotency_keys_pkey primary key (coop_id, principal, key),
  -- the last release names it in "on conflict (principal, key)"; dropped with the second co-op, or by the release after this one
  add constraint idempotency_keys_before_coops unique (principal, key);

alter table import_jobs drop constraint import_jobs_pkey, add constraint import_jobs_pkey primary key (coop_id, import_id);
drop index import_jobs_by_key, import_jobs_waiting_same;
create unique index import_jobs_by_key on import_jobs (coop_id, requested_by, idempotency_key);
create unique index import_jobs_waiting_same on import_jobs (coop_id, requested_by, request_hash)
  where idempotency_key is null and status in ('queued', 'running');
-- `import_jobs_waiting` stays: workers claim the oldest job of all co-ops
create index import_jobs_waiting_of_coop on import_jobs (coop_id) where status in ('queued', 'running');

alter table import_batches
  drop constraint import_batches_pkey,
  add constraint import_batches_pkey primary key (coop_id, import_id, batch),
  add constraint import_batches_job_fkey foreign key (coop_id, import_id) references import_jobs (coop_id, import_id)
    on delete cascade;

-- the sequence first: the relay reads the events of all co-ops in their order
alter table outbox drop constraint outbox_pkey, add constraint outbox_pkey primary key (sequence, coop_id);

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

analyze families, guardians, children, accounts, account_tokens, idempotency_keys, import_jobs, import_batches, outbox;
