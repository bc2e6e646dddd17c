/** As the services' migrations create them. */
export const importTables = `
create table import_jobs (
  coop_id uuid not null,
  import_id uuid not null,
  requested_by text not null,
  idempotency_key text,
  request_hash text not null,
  options jsonb not null,
  file bytea,
  status text not null default 'queued',
  attempts int not null default 0,
  lease_until timestamptz,
  rows_done int not null default 0,
  rows_total int,
  result json,
  problem jsonb,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  primary key (coop_id, import_id)
);
create unique index import_jobs_by_key on import_jobs (coop_id, requested_by, idempotency_key);
create unique index import_jobs_waiting_same on import_jobs (coop_id, requested_by, request_hash)
  where idempotency_key is null and status in ('queued', 'running');
create table import_batches (
  coop_id uuid not null,
  import_id uuid not null,
  batch int not null,
  outcome json not null,
  primary key (coop_id, import_id, batch),
  foreign key (coop_id, import_id) references import_jobs (coop_id, import_id) on delete cascade
);
`;
