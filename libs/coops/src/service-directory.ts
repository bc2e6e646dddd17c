import type { Database } from '@homeroom/postgres';
import { pause } from '@homeroom/resilience';
import type { Shell } from '@homeroom/telemetry';
import { Directory } from './directory.ts';
import { readCoops } from './store.ts';

type DirectoryShell = Pick<Shell, 'logger' | 'metrics' | 'run'>;

/** Half of the second in which every process knows a change. */
const pollMs = 500;

/**
 * Opens a process's directory from the stored copy, Kafka or no Kafka, and follows it until shutdown by asking a replica for
 * rows with a newer revision. While the database is down the directory stays as it is.
 */
export async function openServiceDirectory(shell: DirectoryShell, database: Database): Promise<Directory> {
  const directory = new Directory();
  let revision = 0;
  let readAt = performance.now();
  const follow = async (from: Pick<Database, 'read'>): Promise<void> => {
    for (let more = true; more;) {
      // with the last one again: its absence shows a server that is behind, or a promoted one that has lost it
      const read = await from.read(undefined, (db) => readCoops(db, { revision: revision - 1 }));
      if (read.coops.length === 0 && revision > 0) {
        revision = 0;
        continue;
      }
      for (const coop of read.coops) directory.put(coop);
      revision = Math.max(revision, read.revision);
      ({ more } = read);
    }
    readAt = performance.now();
  };
  // the replica may not have the table yet
  await follow({ read: (_freshness, work) => work(database) });

  const { logger, metrics, run } = shell;
  metrics.gauge('coop_directory_size', 'Co-ops in the directory of this process', [], (gauge) =>
    gauge.set(directory.size),
  );
  metrics.gauge(
    'coop_directory_age_seconds',
    'Time since the directory of this process was compared with its stored copy, in seconds',
    [],
    (gauge) => gauge.set((performance.now() - readAt) / 1_000),
  );
  run('co-op directory', async (signal) => {
    let failing = false;
    for (;;) {
      await pause(pollMs, signal, { ref: false });
      if (signal.aborted) return;
      try {
        await follow(database);
        failing = false;
      } catch (error) {
        if (!failing) logger.warn({ err: error }, 'the directory of co-ops cannot be read, its last state stays');
        failing = true;
      }
    }
  });
  return directory;
}
