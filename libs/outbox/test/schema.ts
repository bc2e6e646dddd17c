/** The tables of the outbox as services' migrations have them, and one that effects are written to. */
export const schema = `
create table outbox (
  coop_id uuid not null,
  sequence bigint generated always as identity primary key,
  id uuid not null,
  topic text not null,
  key text not null,
  headers jsonb not null,
  payload bytea not null,
  created_at timestamptz not null default now()
);
create table inbox (
  coop_id uuid not null,
  consumer text not null,
  event_id uuid not null,
  received_at timestamptz not null default now(),
  primary key (coop_id, consumer, event_id)
);
create table effects (
  event_id uuid not null,
  subject text not null,
  version int not null,
  place bigint generated always as identity
);
`;
