import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions } from '../src/options.ts';

const reference = 'localhost:5000/homeroom/families:1.0';

describe('--as', () => {
  test('is the one other name of the image', () => {
    const names = (args: string[]): unknown => {
      const { as, tag } = readOptions(['--service', 'families', ...args]);
      return [as, tag];
    };
    expect(names(['--as', reference])).toEqual([reference, undefined]);
    const root = readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8');
    expect(names([])).toEqual([undefined, (JSON.parse(root) as { version: string }).version]);
  });

  test.each([
    [['--as', reference], '--as names one image. Choose it with --service.'],
    [['--as', reference, '--service', 'families', '--tag', 'x'], '--as is a whole name. Omit --tag.'],
  ])('%j is refused', (args, sentence) => {
    expect(() => readOptions(args)).toThrow(sentence);
  });
});

describe('what skaffold calls', () => {
  /** The arguments and the platform that npm is given. */
  function called(env: Record<string, string>): string {
    const folder = mkdtempSync(join(tmpdir(), 'homeroom-npm-'));
    try {
      writeFileSync(
        join(folder, 'npm'),
        '#!/bin/sh\necho "$*${DOCKER_DEFAULT_PLATFORM:+ on $DOCKER_DEFAULT_PLATFORM}"\n',
      );
      chmodSync(join(folder, 'npm'), 0o755);
      const script = join(import.meta.dirname, '..', 'for-skaffold');
      const { stdout } = spawnSync(script, ['families', 'dev'], {
        env: { PATH: `${folder}:${process.env['PATH']}`, IMAGE: reference, ...env },
        encoding: 'utf8',
      });
      return stdout.trim();
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const built = `run --silent images -- --service families --target dev --as ${reference}`;

  test('builds under the name that it asks for, and pushes when it says so', () => {
    expect(called({ PUSH_IMAGE: 'false' })).toBe(built);
    expect(called({ PUSH_IMAGE: 'true' })).toBe(`${built} --push`);
  });

  test('builds for the platform of the cluster', () => {
    expect(called({ PUSH_IMAGE: 'true', PLATFORMS: 'linux/arm64' })).toBe(`${built} --push on linux/arm64`);
  });
});
