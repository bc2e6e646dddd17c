-- Whether an account's address is known to belong to its owner. Existing accounts count as verified: 0.1.0 had no verification, and
-- most came from a coordinator's roster. The default is evaluated once and kept in the catalog, so no row is rewritten.
alter table accounts add column email_verified_at timestamptz default now();

-- From here on null, unverified, is what a row gets that says nothing. Only 0.1.0 writes such rows: during a roll, or after a
-- rollback. It cannot know who owns an address, so verified by default would reopen, for that time, the hole that this column closes:
-- an import would add children to the family of anyone who registered with the address first. Unverified costs the owner one mail.
alter table accounts alter column email_verified_at drop default;

-- Single-use links of mails. The token itself is nowhere: not here, not in an event, not in a log.
create table account_tokens (
  -- SHA-256 of the token
  token_hash bytea primary key,
  -- null: a reset was requested for an address without an account. The row opens nothing; writing it makes both cases cost the same.
  account_id uuid references accounts (id) on delete cascade,
  purpose text not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint account_tokens_purpose check (purpose in ('verify_email', 'reset_password'))
);

create index account_tokens_of_account on account_tokens (account_id);
create index account_tokens_by_expiry on account_tokens (expires_at);
