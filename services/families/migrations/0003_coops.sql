-- The co-ops of the installation, and operators, who open and configure them.
create table coops (
  coop_id uuid primary key,
  version int not null,
  slug text not null,
  name text not null,
  hosts text[] not null,
  -- IANA, ISO 4217, BCP 47
  time_zone text not null,
  currency text not null,
  locale text not null,
  status text not null check (status in ('open', 'suspended', 'closed')),
  quotas jsonb not null,
  -- 1, 2, 3 … over all co-ops, in the order of their writes: a process that holds the directory asks for those after the last
  revision bigint not null,
  constraint coops_slug_key unique (slug),
  constraint coops_revision_key unique (revision)
);

-- a host belongs to one co-op: the use-case looks here, under the lock that all writes of co-ops take
create index coops_by_host on coops using gin (hosts);

-- What the installation has been until now is its first co-op. The id is the same in every service, so that each knows whose
-- the rows are that it has. Version 0: assumed. The migrate step of families publishes version 1 with the name, zone,
-- currency, and locale of the configuration.
insert into coops (coop_id, version, slug, name, hosts, time_zone, currency, locale, status, quotas, revision)
values ('00000000-0000-7000-8000-000000000001', 0, 'homeroom', 'Homeroom Co-op', '{}', 'UTC', 'USD', 'en-US', 'open', '{}', 1);

-- Wider than before: every row fits, and need not be read again.
alter table accounts drop constraint accounts_role;
alter table accounts add constraint accounts_role check (
  (role = 'guardian' and family_id is not null and name is null)
  or (role in ('coordinator', 'operator') and family_id is null and name is not null)
) not valid;
