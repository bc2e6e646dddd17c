import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ensureBinaries, whatToType, type Machine } from '../src/machine/packages.ts';

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'homeroom-packages-'));
});
afterEach(() => rmSync(bin, { recursive: true }));

const machine = (change: Partial<Machine> = {}): Machine => ({
  folders: [bin],
  installer: 'dnf',
  privilege: undefined,
  ...change,
});
const never = (): never => {
  throw new Error('nothing may be installed here');
};

describe('missing programs', () => {
  test.each<[Machine['installer'], RegExp]>([
    ['apt', /^Missing: Redis, HAProxy\. Type: sudo apt-get install -y --no-install-recommends redis-server haproxy$/],
    ['dnf', /^Missing: Redis, HAProxy\. Type: sudo dnf install -y valkey haproxy$/],
    ['brew', /^Missing: Redis, HAProxy\. Type: brew install redis haproxy$/],
    [undefined, /^Missing: Redis, HAProxy\. Install them with/],
  ])('end the command with one line to type: %s', async (installer, line) => {
    const found = ensureBinaries(['redis', 'haproxy'], never, machine({ installer }));
    await expect(found).rejects.toThrow(line);
  });

  test('are only those that are not there', async () => {
    symlinkSync('/bin/true', join(bin, 'redis-server'));
    await expect(ensureBinaries(['redis', 'haproxy'], never, machine())).rejects.toThrow(/^Missing: HAProxy\./);
  });

  test('include a Java that is too old or cannot say its version', async () => {
    symlinkSync('/bin/true', join(bin, 'java'));
    await expect(ensureBinaries(['java'], never, machine())).rejects.toThrow('Java 17 or later');
  });

  test('are a matter of the wanted engines alone', async () => {
    expect(await ensureBinaries([], never, machine())).toEqual({});
  });

  test('one line for all missing programs', () => {
    const one = { label: 'Maven', apt: ['maven'], dnf: 'maven', brew: 'maven' };
    expect(whatToType([one, one], { installer: 'brew' }).split('\n')).toHaveLength(1);
  });
});

describe('programs that are there', () => {
  test('are given by their path, Valkey in the place of Redis', async () => {
    symlinkSync('/bin/true', join(bin, 'valkey-server'));
    expect(await ensureBinaries(['redis'], never, machine())).toEqual({ redis: join(bin, 'valkey-server') });
  });
});
