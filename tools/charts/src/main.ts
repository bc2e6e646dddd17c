import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findStale } from './generate.ts';

const folder = join(import.meta.dirname, '../../../charts');

for (const { path, text } of await findStale(folder)) {
  writeFileSync(join(folder, path), text);
  console.log(`charts/${path}`);
}
