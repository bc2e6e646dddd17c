#!/bin/bash
# Follows the primary through a slot of its own. A copy that the primary can no longer feed is thrown away and made anew.
set -euo pipefail

slot=${HOSTNAME//-/_}
ask() { psql --no-psqlrc --quiet --tuples-only --no-align -v ON_ERROR_STOP=1 "host=$PRIMARY user=replicator dbname=postgres" -c "$1"; }

until pg_isready --quiet --host "$PRIMARY"; do
  echo "waiting for $PRIMARY"
  sleep 1
done

status=$(ask "select wal_status from pg_replication_slots where slot_name = '$slot'")
if [ "$status" = lost ]; then
  echo "the primary has thrown away what this copy has not read: starting from a new one"
  ask "select pg_drop_replication_slot('$slot')"
  status=
  rm -rf "$PGDATA"
fi
if [ -z "$status" ]; then
  ask "select from pg_create_physical_replication_slot('$slot', true)"
  # without its slot nothing says that the primary still has what an old copy needs
  rm -rf "$PGDATA"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # under another name until it is whole: a copy that was broken off is not taken for one
  rm -rf "$PGDATA" "$PGDATA.part"
  mkdir -p "$(dirname "$PGDATA")"
  pg_basebackup --host "$PRIMARY" --username replicator --pgdata "$PGDATA.part" --slot "$slot" --wal-method stream --checkpoint fast
  touch "$PGDATA.part/standby.signal"
  chmod 700 "$PGDATA.part"
  mv "$PGDATA.part" "$PGDATA"
fi

# it may accept no fewer connections than its primary did in what it has still to read; the last setting counts
had=$(pg_controldata "$PGDATA" | sed -n 's/^max_connections setting: *//p')
asked=$(printf '%s\n' "$@" | sed -n 's/^max_connections=//p' | tail -1)
if [ "$had" -gt "${asked:-0}" ]; then set -- "$@" -c "max_connections=$had"; fi

# the password is read from PGPASSWORD
exec postgres -c "primary_conninfo=host=$PRIMARY user=replicator application_name=$HOSTNAME" -c "primary_slot_name=$slot" "$@"
