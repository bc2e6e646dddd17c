import { UsageError } from '@homeroom/chassis';
import type { CoopDatabase, Database } from '@homeroom/postgres';
import { findCoop, listLivingCoops } from '../coops/store.ts';

/** The option of a command that works on the rows of one co-op. */
export const coopOption = { coop: { type: 'string' } } as const;

/** For the usage of such a command. */
export const coopUsage = '--coop is the slug of a co-op; an installation with one co-op needs none.';

/**
 * The rows that a command works on: of the co-op with this slug, without one of the only co-op.
 * @throws {UsageError} when there are several to choose from.
 */
export async function databaseOfSlug(database: Database, slug: string | undefined): Promise<CoopDatabase> {
  if (slug !== undefined) {
    const coop = await findCoop(database, slug);
    if (coop === undefined) throw new Error(`There is no co-op "${slug}". The command coops list shows all of them.`);
    return database.ofCoop(coop.coopId);
  }
  const [only, ...others] = await listLivingCoops(database, { limit: 2 });
  if (only === undefined) throw new Error('The installation has no co-op.');
  if (others.length > 0)
    throw new UsageError(
      'This installation has several co-ops. Name one: --coop <slug>. The command coops list shows them.',
    );
  return database.ofCoop(only.coopId);
}
