import { sqlState } from './errors.ts';
import { readMigrations, type MigrationFile } from './migration-files.ts';
import type { Queryable } from './queryable.ts';

export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly breaking: boolean;
}

/** What the database says has been applied; nothing when it has never been migrated. */
export async function readApplied(db: Queryable): Promise<AppliedMigration[]> {
  try {
    const text = 'select version, name, checksum, breaking from schema_migrations order by version';
    return (await db.query<AppliedMigration>({ name: 'applied_migrations', text })).rows;
  } catch (error) {
    if (sqlState(error) === '42P01') return [];
    throw error;
  }
}

/**
 * Compares files with what is applied.
 * @returns the files still to apply.
 * @throws {Error} when an applied file was changed, or the database is ahead by a breaking migration.
 */
export function pendingMigrations(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): MigrationFile[] {
  for (const { version, name, checksum, breaking } of applied) {
    const file = files[version - 1];
    if (file === undefined && breaking) {
      throw new Error(
        `The database has the breaking migration ${name}, which this version does not know: deploy the newer version.`,
      );
    }
    if (file !== undefined && file.checksum !== checksum) {
      throw new Error(
        `${file.name}.sql is not the ${name} that was applied: restore the applied text, and make the change a new migration.`,
      );
    }
  }
  return files.slice(applied.length);
}

/** The database lacks migrations: they may still be running. */
export class MigrationsMissingError extends Error {
  override readonly name = 'MigrationsMissingError';
}

/**
 * Refuses to start a process on a schema that does not fit it.
 * @throws {MigrationsMissingError} when the schema lacks a migration.
 * @throws {Error} when it has a breaking migration that this version does not know.
 */
export async function checkSchema(db: Queryable, directory: string | URL): Promise<void> {
  const missing = pendingMigrations(await readMigrations(directory), await readApplied(db));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(', ');
  throw new MigrationsMissingError(
    `The database lacks ${names}: run the service's migrations (src/migrate.ts) before starting it.`,
  );
}
