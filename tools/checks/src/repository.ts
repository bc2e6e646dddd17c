import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const checkout = resolve(import.meta.dirname, '../../..');

const generated = new Set(['node_modules', 'dist', '.git', '.homeroom', '.nx', 'node-extra-ca-certs.pem']);

/** All files of the checkout that are not generated, with their paths from its root. */
export const files: string[] = globSync('**/*', {
  cwd: checkout,
  withFileTypes: true,
  exclude: (entry) => generated.has(entry.name),
})
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(checkout.length + 1))
  .sort();

export const read = (file: string): string => readFileSync(join(checkout, file), 'utf8');

/** The text of all files whose path matches, as one string to search. */
export const readAll = (pattern: RegExp): string =>
  files
    .filter((file) => pattern.test(file))
    .map(read)
    .join('\n');
