import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { contentHash, imageInputs } from '../src/content-hash.ts';

const here = join(import.meta.dirname, '../../..');

describe('the name of an image', () => {
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'homeroom-images-'));
    for (const image of ['families', 'enrollment'] as const) {
      for (const file of imageInputs(here, image)) {
        mkdirSync(dirname(join(copy, file)), { recursive: true });
        cpSync(join(here, file), join(copy, file));
      }
    }
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  const names = (): string[] =>
    (['families', 'enrollment'] as const).map((image) => contentHash(copy, image, 'service'));

  test('is the same in another folder', () => {
    expect(names()).toEqual([contentHash(here, 'families', 'service'), contentHash(here, 'enrollment', 'service')]);
  });

  test.each(['Dockerfile', 'package-lock.json', 'libs/chassis/src/index.ts', 'tools/images/src/assemble/assemble.ts'])(
    'changes with %s, for every service',
    (file) => {
      const [families, enrollment] = names();
      appendFileSync(join(copy, file), '\n');
      const after = names();
      expect(after[0]).not.toBe(families);
      expect(after[1]).not.toBe(enrollment);
    },
  );

  test('does not change with another service', () => {
    const [families, enrollment] = names();
    appendFileSync(join(copy, 'services/enrollment/src/api.ts'), '\n');
    const after = names();
    expect(after[0]).toBe(families);
    expect(after[1]).not.toBe(enrollment);
  });

  test('changes with a new source, and not with a new test', () => {
    const [families] = names();
    mkdirSync(join(copy, 'services/families/test'), { recursive: true });
    writeFileSync(join(copy, 'services/families/test/new.test.ts'), '');
    expect(names()[0]).toBe(families);
    writeFileSync(join(copy, 'services/families/src/new.ts'), '');
    expect(names()[0]).not.toBe(families);
  });

  test('differs between targets and between bases', () => {
    const all = [
      contentHash(copy, 'families', 'service'),
      contentHash(copy, 'families', 'dev'),
      contentHash(copy, 'families', 'service', { RUNTIME_IMAGE: 'mirror.example/node:24' }),
    ];
    expect(new Set(all).size).toBe(3);
  });
});
