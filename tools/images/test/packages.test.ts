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

describe('the workspaces that a service needs', () => {
  test('come each after its dependencies, the service last', () => {
    const folders = productionWorkspaces(workspaces, '@homeroom/families').map(({ folder }) => folder);
    expect(folders.at(-1)).toBe('services/families');
    expect(folders).toContain('libs/postgres');
    expect(folders.indexOf('libs/postgres')).toBeLessThan(folders.indexOf('libs/outbox'));
    expect(folders).not.toContain('libs/testing');
    expect(folders).not.toContain('libs/cache');
  });

  test('are refused under an unknown name', () => {
    expect(() => productionWorkspaces(workspaces, '@homeroom/unknown')).toThrow('@homeroom/unknown');
  });
});

describe('the third-party packages that a service needs', () => {
  test('include those of its libs, and no development dependencies', () => {
    const packages = packagesOf('@homeroom/notifications');
    expect(packages).toEqual(
      expect.arrayContaining(['node_modules/pg', 'node_modules/fastify', 'node_modules/nodemailer']),
    );
    // its devDependencies, and for the last two those of the root
    for (const name of ['smtp-server', 'ical.js', 'typescript', 'jest'])
      expect(packages).not.toContain(`node_modules/${name}`);
  });

  test('are installed here, except those of other platforms', () => {
    const missing = packagesOf('@homeroom/families').filter((path) => !existsSync(join(checkout, path)));
    expect(missing.filter((path) => lock.packages[path]?.optional !== true)).toEqual([]);
  });

  test('are resolved as Node does: from the nearest node_modules upwards', () => {
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
