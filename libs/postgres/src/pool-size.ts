import type { Queryable } from './queryable.ts';

/**
 * How many connections each of `processes` equal processes should hold to one server: (cores × 2 + spindles), the number
 * that the server can really work on at once, divided among them; at least 2, so that a transaction never blocks a health check.
 * @param cores of the database server, without hyper-threads.
 * @param spindles that can seek independently; 1 for an SSD or when the data fits in memory.
 * @see https://wiki.postgresql.org/wiki/Number_Of_Database_Connections
 */
export const poolSize = ({
  cores,
  spindles = 1,
  processes,
}: {
  cores: number;
  spindles?: number;
  processes: number;
}): number => Math.max(2, Math.floor((cores * 2 + spindles) / processes));

/**
 * Compares what all processes together may open with what the server accepts.
 * @param planned sum of the pools of all processes at maximum scale; 0 when it is not known, then nothing is checked.
 * @param reserve connections kept for migrations, backups, and operators.
 * @throws {Error} with the sum when it is too much: refusing to start beats failing at the peak.
 */
export async function checkConnectionBudget(
  db: Queryable,
  { planned, reserve = 10 }: { planned: number; reserve?: number },
): Promise<void> {
  if (planned === 0) return;
  const { rows } = await db.query<{ max: number }>({
    name: 'max_connections',
    text: `select current_setting('max_connections')::int as max`,
  });
  const max = rows[0]?.max ?? 0;
  if (planned + reserve <= max) return;
  throw new Error(
    `The processes may open ${planned} connections and ${reserve} are kept in reserve, ${planned + reserve} in all, but the server ` +
      `accepts ${max}: lower DATABASE_POOL_SIZE or the number of processes, or raise max_connections.`,
  );
}
