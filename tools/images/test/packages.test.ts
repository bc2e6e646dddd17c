import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNeedless } from '../src/assemble/needless.ts';
import { productionPackages, type Lock } from '../src/assemble/packages.ts';
import { productionWorkspaces, readWorkspaces } from '../src/assemble/workspaces.ts';

const checkout = join(import.meta.dirname, '..', '..', '..');
const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as Lock;
const workspaces = readWorkspaces(checkout);

function packagesOf(name: string): string[] {
  const needed = productionWorkspaces(workspaces, name);
  return productionPackages(
    lock,
    new Map(needed.map(({ folder, manifest }) => [folder, Object.keys(manifest.dependencies ?? {})])),
  );
}

describe('the packages of this repository that a service needs', () => {
  test('come each after what it needs, the service last', () => {
    const folders = productionWorkspaces(workspaces, '@homeroom/families').map(({ folder }) => folder);
    expect(folders.at(-1)).toBe('services/families');
    expect(folders).toContain('libs/postgres');
    expect(folders.indexOf('libs/postgres')).toBeLessThan(folders.indexOf('libs/outbox'));
    expect(folders).not.toContain('libs/testing');
    expect(folders).not.toContain('libs/cache');
  });

  test('are refused under a name that nobody has', () => {
    expect(() => productionWorkspaces(workspaces, '@homeroom/nobody')).toThrow('@homeroom/nobody');
  });
});

describe('the packages of others that a service needs', () => {
  test('hold what its libs need, and nothing of development', () => {
    const packages = packagesOf('@homeroom/notifications');
    expect(packages).toEqual(
      expect.arrayContaining(['node_modules/pg', 'node_modules/fastify', 'node_modules/nodemailer']),
    );
    // they stand in its devDependencies, the last two in those of the repository
    for (const name of ['smtp-server', 'ical.js', 'typescript', 'jest'])
      expect(packages).not.toContain(`node_modules/${name}`);
  });

  test('are installed here, apart from those of other platforms', () => {
    const missing = packagesOf('@homeroom/families').filter((path) => !existsSync(join(checkout, path)));
    expect(missing.filter((path) => lock.packages[path]?.optional !== true)).toEqual([]);
  });

  test('are found where Node finds them: the nearest on the way up', () => {
    const small: Lock = {
      packages: {
        'node_modules/a': { dependencies: { b: '1' }, peerDependencies: { c: '1' } },
        'node_modules/a/node_modules/b': {},
        'node_modules/b': {},
        'node_modules/c': { optionalDependencies: { elsewhere: '1' } },
      },
    };
    expect(productionPackages(small, new Map([['libs/x', ['a']]]))).toEqual([
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/c',
    ]);
    expect(() => productionPackages(small, new Map([['libs/x', ['d']]]))).toThrow('no d, which libs/x needs');
  });
});

test.each([
  ['dist/index.js', false],
  ['dist/index.d.ts', true],
  ['dist/index.js.map', true],
  ['LICENSE.md', false],
  ['README.md', true],
  ['test/all.js', true],
  ['lib/test/runner.js', false],
  ['package.json', false],
])('of a package, %s is needless: %s', (path, needless) => {
  expect(isNeedless(path)).toBe(needless);
});
