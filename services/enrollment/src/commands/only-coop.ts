import { UsageError } from '@homeroom/chassis';
import type { CoopDatabase, Database } from '@homeroom/postgres';

/**
 * The rows that a command works on.
 * @throws {UsageError} when the installation has several co-ops.
 */
export async function databaseOfOnlyCoop(database: Database): Promise<CoopDatabase> {
  const { rows } = await database.query<{ id: string }>({
    name: 'coops_living',
    text: `select coop_id as id from coops where status <> 'closed' limit 2`,
  });
  const [only, ...others] = rows;
  if (only === undefined) throw new UsageError('The installation has no co-op.');
  if (others.length > 0) {
    throw new UsageError('This installation has several co-ops. Import the timetable on the host of its co-op.');
  }
  return database.ofCoop(only.id);
}
