import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@homeroom/testing';
import { describe, expect, test } from '@jest/globals';
import { checkout } from '../src/options/options.ts';
import { servicesOf, watchSources } from '../src/services/watch.ts';

describe('a save', () => {
  test.each([
    ['services/families/src/app.ts', ['families']],
    ['services/families/migrations/0002_x.sql', ['families']],
    ['services/families/README.md', []],
    ['services/families/test/app.test.ts', []],
    ['libs/cache/src/cache.ts', ['enrollment']],
    ['libs/chassis/src/http/server.ts', ['families', 'enrollment', 'notifications']],
    ['libs/testing/src/index.ts', []],
  ])('of %s concerns %j', (file, services) => {
    expect(servicesOf(checkout, file)).toEqual(services);
  });

  test('is reported once, with all its files', async () => {
    const root = mkdtempSync(join(tmpdir(), 'homeroom-watch-'));
    for (const folder of ['services/a/src', 'libs/b/src']) mkdirSync(join(root, folder), { recursive: true });
    const saves: string[][] = [];
    const watcher = await watchSources(root, (files) => void saves.push(files));
    try {
      writeFileSync(join(root, 'services/a/src/x.ts'), '1');
      writeFileSync(join(root, 'libs/b/src/y.ts'), '2');
      await waitFor('the save', () => saves.length > 0);
      expect(saves.flat().sort()).toEqual(['libs/b/src/y.ts', 'services/a/src/x.ts']);
    } finally {
      await watcher.close();
      rmSync(root, { recursive: true });
    }
  });

  test('by an editor that replaces the file is reported every time', async () => {
    const root = mkdtempSync(join(tmpdir(), 'homeroom-watch-'));
    const file = join(root, 'services/a/src/x.ts');
    for (const folder of ['services/a/src', 'libs']) mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(file, '0');
    const saves: string[][] = [];
    const watcher = await watchSources(root, (files) => void saves.push(files));
    try {
      for (let save = 1; save <= 4; save++) {
        writeFileSync(join(root, 'new'), String(save));
        renameSync(join(root, 'new'), file);
        await waitFor(`save ${save}`, () => saves.length >= save);
      }
      expect(new Set(saves.flat())).toEqual(new Set(['services/a/src/x.ts']));
    } finally {
      await watcher.close();
      rmSync(root, { recursive: true });
    }
  });
});
