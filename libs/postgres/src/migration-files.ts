import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface MigrationFile {
  readonly version: number;
  /** `0001_families` */
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
  /** Its first line is `-- breaking`: older binaries cannot work with the result. */
  readonly breaking: boolean;
}

const fileName = /^(?<version>\d{4})_(?<words>[a-z0-9_]+)\.sql$/;

/**
 * Reads the migrations of a folder, in order.
 * @throws {Error} for a file that is not named like `0001_families.sql`, and for a number that is used twice or left out.
 */
export async function readMigrations(directory: string | URL): Promise<MigrationFile[]> {
  const folder = directory instanceof URL ? fileURLToPath(directory) : directory;
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file, index) => {
      const version = Number(fileName.exec(file)?.groups?.['version'] ?? 0);
      if (version !== index + 1) {
        const expected = String(index + 1).padStart(4, '0');
        throw new Error(
          `${join(folder, file)} should be named ${expected}_<what_it_does>.sql: migrations are numbered without gaps.`,
        );
      }
      // a checkout may convert line endings; that is not a change
      const sql = (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n');
      return {
        version,
        name: file.slice(0, -'.sql'.length),
        sql,
        checksum: createHash('sha256').update(sql).digest('hex'),
        breaking: /^-- breaking\b/.test(sql),
      };
    }),
  );
}
