import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isInstalled } from '../is-installed.mjs';
import { checkout } from '../src/options/options.ts';

interface Entry {
  version?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
  optional?: boolean;
}
const readLock = (): Record<string, Entry> =>
  JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')).packages;

/** Packages from outside whose content nothing vouches for. */
const unverified = (packages: Record<string, Entry>): string[] =>
  Object.entries(packages)
    .filter(([path, { link, integrity }]) => path.includes('node_modules/') && link !== true && !integrity)
    .map(([path]) => path);

describe('S18: the lockfile', () => {
  test('has a checksum for every package', () => {
    expect(unverified(readLock())).toEqual([]);
  });

  test('a package without one would be noticed, a nested one too', () => {
    const packages = readLock();
    delete packages['libs/cache/node_modules/lru-cache']!.integrity;
    expect(unverified(packages)).toEqual(['libs/cache/node_modules/lru-cache']);
  });

  test('names no registry', () => {
    expect(Object.values(readLock()).flatMap(({ link, resolved }) => (link === true ? [] : (resolved ?? [])))).toEqual(
      [],
    );
  });
});

describe('S18: whether the packages are installed', () => {
  let folder: string;
  const nested = 'libs/a/node_modules/c';
  const packages: Record<string, Entry> = {
    '': {},
    'libs/a': { version: '1.0.0' },
    'node_modules/@h/a': { link: true },
    'node_modules/b': { version: '2.0.0' },
    [nested]: { version: '3.0.0' },
    'node_modules/other-system': { version: '1.0.0', optional: true },
  };
  const write = (file: string, content: unknown): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), JSON.stringify(content));
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'homeroom-installed-'));
    write('package-lock.json', { packages });
    write('node_modules/.package-lock.json', {
      packages: { 'node_modules/b': packages['node_modules/b'], [nested]: packages[nested] },
    });
    for (const path of ['libs/a', 'node_modules/b', nested]) write(`${path}/package.json`, {});
    mkdirSync(join(folder, 'node_modules/@h'));
    symlinkSync('../../libs/a', join(folder, 'node_modules/@h/a'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('they are, also without what is for another system', () => {
    expect(isInstalled(folder)).toBe(true);
  });

  test.each(['libs/a/node_modules', nested, 'node_modules/b', 'node_modules/@h', 'node_modules'])(
    'they are not when %s is missing',
    (path) => {
      rmSync(join(folder, path), { recursive: true });
      expect(isInstalled(folder)).toBe(false);
    },
  );

  test('they are not when the lock wants another version', () => {
    write('package-lock.json', { packages: { ...packages, 'node_modules/b': { version: '2.0.1' } } });
    expect(isInstalled(folder)).toBe(false);
  });

  test('those of this checkout are', () => {
    expect(isInstalled(checkout)).toBe(true);
  });
});
