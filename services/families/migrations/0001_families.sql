-- A family is one aggregate: its row is locked before anything of it changes, and carries the version that events tell.
create table families (
  id uuid primary key,
  version integer not null,
  name text not null,
  street text,
  city text,
  postal_code text,
  -- (longitude, latitude) in degrees, as GIS tools order them
  location point,
  -- what coordinators search by: every word of the names of the family, its guardians and children, folded
  -- (lower case, no accents) by the service, because `unaccent` is neither immutable nor everywhere
  search_words tsvector not null,
  -- the folded name, cut: the order of lists, and short enough for a cursor
  sort_name text collate "C" not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create index families_in_order on families (sort_name, id);
create index families_by_words on families using gin (search_words);
create index families_by_place on families using gist (location);

create table guardians (
  id uuid primary key,
  family_id uuid not null references families (id) on delete cascade,
  position smallint not null,
  name text not null,
  email text not null,
  phone text
);

create index guardians_of_family on guardians (family_id);

create table children (
  id uuid primary key,
  family_id uuid not null references families (id) on delete cascade,
  name text not null,
  birth_date date not null,
  constraint children_natural_key unique (family_id, name, birth_date)
);

-- Credentials live apart from the people they belong to: reads of families never touch a password hash.
create table accounts (
  -- a guardian's account has the guardian's id
  id uuid primary key,
  email text not null,
  -- null: no password can be right until one is set
  password_hash text,
  role text not null,
  -- a coordinator's; a guardian's name is in guardians
  name text,
  family_id uuid references families (id) on delete cascade,
  created_at timestamptz not null default now(),
  constraint accounts_email_key unique (email),
  constraint accounts_role check (
    (role = 'guardian' and family_id is not null and name is null)
    or (role = 'coordinator' and family_id is null and name is not null)
  )
);

create index accounts_of_family on accounts (family_id);

-- Great-circle distance on the mean sphere: within 0.5 % of the ellipsoid, and needs no extension.
create function distance_metres(a point, b point) returns double precision
language sql immutable strict parallel safe
return 2 * 6371008.8 * asin(least(1, sqrt(
  sin(radians(b[1] - a[1]) / 2) ^ 2
  + cos(radians(a[1])) * cos(radians(b[1])) * sin(radians(b[0] - a[0]) / 2) ^ 2
)));

create table outbox (
  sequence bigint generated always as identity primary key,
  id uuid not null,
  topic text not null,
  key text not null,
  headers jsonb not null,
  payload bytea not null,
  created_at timestamptz not null default now()
);

create table idempotency_keys (
  principal text not null,
  key text not null,
  request_hash text not null,
  status int,
  body text,
  created_at timestamptz not null default now(),
  primary key (principal, key)
);
