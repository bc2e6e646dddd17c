import pg from 'pg';
import { engineUrl } from './engines.ts';
import { waitFor } from './wait-for.ts';
import { withClient } from './with-client.ts';

/** A test that pauses replay holds this lock on the primary, so that test files take turns. */
const pauseLock = `hashtext('homeroom: replay paused')`;

let pausing: pg.Client | undefined;

/** Until the replica has replayed all that the primary has committed. */
export async function waitForReplica(): Promise<void> {
  const lsn = await withClient(engineUrl('TEST_POSTGRES_URL'), async (client) => {
    // a record of our own, flushed: the current insert position may lie behind a page header that replay never reports
    const { rows } = await client.query<{ lsn: string }>(
      `select pg_logical_emit_message(false, 'homeroom', '', true)::text as lsn`,
    );
    return rows[0]?.lsn;
  });
  await withClient(engineUrl('TEST_POSTGRES_REPLICA_URL'), (client) =>
    waitFor(
      `the replica to replay ${String(lsn)}`,
      async () => {
        const { rows } = await client.query<{ there: boolean; paused: boolean }>(
          'select pg_last_wal_replay_lsn() >= $1::pg_lsn as there, pg_is_wal_replay_paused() as paused',
          [lsn],
        );
        if (rows[0]?.there !== true && rows[0]?.paused === true) await resumeAbandoned();
        return rows[0]?.there;
      },
      { everyMs: 5 },
    ),
  );
}

/** Stops replay for the whole server, that is for other test files too: be short, and resume in `finally`. */
export async function pauseReplica(): Promise<void> {
  const client = new pg.Client({ connectionString: engineUrl('TEST_POSTGRES_URL') });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`select pg_advisory_lock(${pauseLock})`);
  pausing = client;
  await onReplica('select pg_wal_replay_pause()');
  await waitFor('replay to pause', async () => {
    const { rows } = await onReplica('select pg_get_wal_replay_pause_state() as state');
    return rows[0]?.['state'] === 'paused';
  });
}

export async function resumeReplica(): Promise<void> {
  await onReplica('select pg_wal_replay_resume()');
  await pausing?.end();
  pausing = undefined;
}

/** Replay that is paused while the lock is free was paused by a test that has been killed. */
async function resumeAbandoned(): Promise<void> {
  await withClient(engineUrl('TEST_POSTGRES_URL'), async (client) => {
    const { rows } = await client.query<{ free: boolean }>(`select pg_try_advisory_lock(${pauseLock}) as free`);
    if (rows[0]?.free === true) await onReplica('select pg_wal_replay_resume()');
  });
}

const onReplica = (text: string): Promise<pg.QueryResult<Record<string, unknown>>> =>
  withClient(engineUrl('TEST_POSTGRES_REPLICA_URL'), (client) => client.query(text));
