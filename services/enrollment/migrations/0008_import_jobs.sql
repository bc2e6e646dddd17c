-- Timetables that coordinators have sent to be imported: each is a job that any worker claims, and continues when the worker that had
-- it has ended. Version 0.2 knows nothing of these tables and needs nothing of them.
create table import_jobs (
  import_id uuid primary key,
  requested_by text not null,
  idempotency_key text,
  -- equal for equal files and options
  request_hash text not null,
  options jsonb not null,
  -- null once the job has ended
  file bytea,
  status text not null default 'queued',
  -- claims so far: a fencing token, with which a worker proves that the job is still its own
  attempts int not null default 0,
  lease_until timestamptz,
  rows_done int not null default 0,
  rows_total int,
  -- as text: it is stored once and read whole
  result json,
  problem jsonb,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint import_jobs_status check (status in ('queued', 'running', 'done', 'failed'))
);

create unique index import_jobs_by_key on import_jobs (requested_by, idempotency_key);
create unique index import_jobs_waiting_same on import_jobs (requested_by, request_hash)
  where idempotency_key is null and status in ('queued', 'running');
create index import_jobs_waiting on import_jobs (created_at) where status in ('queued', 'running');

-- What became of the rows that a job has written so far, until it ends.
create table import_batches (
  import_id uuid not null references import_jobs (import_id) on delete cascade,
  batch int not null,
  outcome json not null,
  primary key (import_id, batch)
);
