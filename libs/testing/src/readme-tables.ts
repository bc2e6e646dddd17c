import { readFileSync } from 'node:fs';

type ErrorRow = [code: string, status: number, title: string];

/**
 * Reads the tables of a README, to compare them with what the code declares.
 * @param folder the package's: `new URL('../', import.meta.url)`.
 */
export function readmeTables(folder: URL) {
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const rows = (heading: string): string[][] => {
    const [, section = ''] = readme.split(`\n## ${heading}\n`);
    return (section.split('\n## ')[0] ?? '')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()));
  };
  return {
    /** The names in backquotes that the first column of the section's tables has, sorted. */
    names: (heading: string): string[] =>
      rows(heading)
        .flatMap(([, first = '']) => [...first.matchAll(/`([^`]+)`/g)].map(([, name]) => String(name)))
        .sort(),
    /** The rows of the section's table of errors. */
    errors: (heading = 'Errors') =>
      rows(heading).map(([, code = '', status, title = '']): ErrorRow => [
        code.replaceAll('`', ''),
        Number(status),
        title,
      ]),
  };
}

/** An error table's entries as a README lists them. */
export const errorRows = (errors: Readonly<Record<string, { status: number; title: string }>>): ErrorRow[] =>
  Object.entries(errors).map(([code, { status, title }]) => [code, status, title]);

/** The names that configurations read, without those that every process reads, sorted. */
export function configNames(
  configs: readonly { readonly shape: object }[],
  common: { readonly shape: object },
): string[] {
  const names = new Set(configs.flatMap(({ shape }) => Object.keys(shape)));
  return [...names].filter((name) => !(name in common.shape)).sort();
}
