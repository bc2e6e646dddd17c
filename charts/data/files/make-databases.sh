#!/bin/bash
# Runs once, when the primary's volume is empty: the replicas' role, and for every service a database, an owner that migrates,
# and a role that reads and writes rows and can alter nothing.
set -euo pipefail

sql() { psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" "$@"; }

sql -v password="$REPLICATION_PASSWORD" <<'SQL'
create role replicator replication login password :'password';
SQL
echo 'host replication replicator all scram-sha-256' >>"$PGDATA/pg_hba.conf"

for service in $SERVICES; do
  upper=${service^^}
  owner_password=${upper}_OWNER_PASSWORD
  app_password=${upper}_APP_PASSWORD
  sql -v service="$service" -v owner="${service}_owner" -v app="${service}_app" \
    -v owner_password="${!owner_password}" -v app_password="${!app_password}" <<'SQL'
create role :"owner" login password :'owner_password';
create role :"app" login password :'app_password';
create database :"service" owner :"owner";
revoke all on database :"service" from public;
grant connect on database :"service" to :"app";
\connect :"service"
set role :"owner";
grant usage on schema public to :"app";
alter default privileges for role :"owner" in schema public grant select, insert, update, delete on tables to :"app";
alter default privileges for role :"owner" in schema public grant usage, select on sequences to :"app";
SQL
done
