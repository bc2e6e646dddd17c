import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { errors } from '../src/errors.ts';

test('the README’s table of errors and errors.ts say the same', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `(?<code>[a-z_]+)` +\| (?<status>\d{3}) +\| (?<title>.+?) +\|$/gm)];
  const written = Object.fromEntries(
    rows.map(({ groups }) => [groups?.['code'], { status: Number(groups?.['status']), title: groups?.['title'] }]),
  );
  const declared = Object.fromEntries(
    Object.entries(errors.own).map(([code, { status, title }]) => [code, { status, title }]),
  );
  expect(written).toEqual(declared);
});
