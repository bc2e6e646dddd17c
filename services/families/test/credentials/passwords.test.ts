import { testWithSwitch } from '@homeroom/testing/switch';
import { describe, expect, test } from '@jest/globals';
import { openPasswords } from '../../src/credentials/passwords.ts';

const open = (bounds: { concurrent: number; queued: number } = { concurrent: 2, queued: 10 }) =>
  openPasswords({ secret: 'for tests', ...bounds });

test('a password matches its own hash and no other', async () => {
  const passwords = open();
  const hash = await passwords.hash('correct horse');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await passwords.verify(hash, 'correct horse')).toBe(true);
  expect(await passwords.verify(hash, 'correct horsf')).toBe(false);
});

test('nothing matches where there is no hash', async () => {
  for (const stored of [null, undefined]) expect(await open().verify(stored, '')).toBe(false);
});

describe('when more passwords come than can be hashed', () => {
  testWithSwitch(
    'refuses at once what does not fit the queue, and does the rest',
    { name: 'queued', on: 2, off: 1_000, failure: /Expected length: 3\nReceived length: 6/ },
    async (queued) => {
      const passwords = open({ concurrent: 1, queued });
      const results = await Promise.allSettled(Array.from({ length: 6 }, () => passwords.hash('x')));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      for (const result of results) {
        if (result.status === 'rejected') {
          expect(result.reason).toMatchObject({ code: 'passwords_busy', status: 503, extra: { retryAfterSeconds: 1 } });
        }
      }
    },
  );
});

test('a fingerprint differs between passwords, and reveals nothing without the secret', () => {
  const [one, other] = [open(), openPasswords({ secret: 'another', concurrent: 1, queued: 1 })];
  expect(one.fingerprint('x')).toBe(open().fingerprint('x'));
  expect(one.fingerprint('x')).not.toBe(one.fingerprint('y'));
  expect(one.fingerprint('x')).not.toBe(other.fingerprint('x'));
});
