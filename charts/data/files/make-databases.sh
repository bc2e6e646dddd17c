#!/bin/bash
# Runs once, when the primary's volume is empty. Creates the replicas' role, and for every service a database, an owner that
# migrates it, and a role that reads and writes rows and cannot change the schema.
set -euo pipefail

sql() { psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" "$@"; }

# passwords come from the environment: process lists show arguments
sql <<'SQL'
\getenv password REPLICATION_PASSWORD
create role replicator replication login password :'password';
SQL
echo 'host replication replicator all scram-sha-256' >>"$PGDATA/pg_hba.conf"

for service in $SERVICES; do
  upper=${service^^}
  owner_password=${upper}_OWNER_PASSWORD
  app_password=${upper}_APP_PASSWORD
  OWNER_PASSWORD=${!owner_password} APP_PASSWORD=${!app_password} \
    sql -v service="$service" -v owner="${service}_owner" -v app="${service}_app" <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD
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
