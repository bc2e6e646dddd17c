/** As the services' migrations create it. */
export const idempotencyTable = `create table idempotency_keys (
  coop_id uuid not null,
  principal text not null,
  key text not null,
  request_hash text not null,
  status int,
  body text,
  created_at timestamptz not null default now(),
  primary key (coop_id, principal, key)
);`;
