#!/bin/bash
# Replicates from the primary through a slot of its own. A copy whose WAL the primary no longer has is deleted and made again.
set -euo pipefail

slot=${HOSTNAME//-/_}
ask() { psql --no-psqlrc --quiet --tuples-only --no-align -v ON_ERROR_STOP=1 "host=$PRIMARY user=replicator dbname=postgres" -c "$1"; }

until pg_isready --quiet --host "$PRIMARY"; do
  echo "waiting for $PRIMARY"
  sleep 1
done

status=$(ask "select wal_status from pg_replication_slots where slot_name = '$slot'")
if [ "$status" = lost ]; then
  echo "the primary no longer has the WAL that this copy needs: making a new copy"
  ask "select pg_drop_replication_slot('$slot')"
  status=
  rm -rf "$PGDATA"
fi
if [ -z "$status" ]; then
  ask "select from pg_create_physical_replication_slot('$slot', true)"
  # without a slot, the primary may have removed WAL that an old copy needs
  rm -rf "$PGDATA"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # under another name until it is complete, so that an interrupted copy is not used
  rm -rf "$PGDATA" "$PGDATA.part"
  mkdir -p "$(dirname "$PGDATA")"
  pg_basebackup --host "$PRIMARY" --username replicator --pgdata "$PGDATA.part" --slot "$slot" --wal-method stream --checkpoint fast
  touch "$PGDATA.part/standby.signal"
  chmod 700 "$PGDATA.part"
  mv "$PGDATA.part" "$PGDATA"
fi

# max_connections must not be lower than the primary's was in the WAL that is still to be replayed; the last setting wins
had=$(pg_controldata "$PGDATA" | sed -n 's/^max_connections setting: *//p')
asked=$(printf '%s\n' "$@" | sed -n 's/^max_connections=//p' | tail -1)
if [ "$had" -gt "${asked:-0}" ]; then set -- "$@" -c "max_connections=$had"; fi

# the password is read from PGPASSWORD
exec postgres -c "primary_conninfo=host=$PRIMARY user=replicator application_name=$HOSTNAME" -c "primary_slot_name=$slot" "$@"
