import { expect, test } from '@jest/globals';
import { accountToken } from '../src/index.ts';

const id = '0199f2a0-0000-7000-8000-000000000007';

test('the same id and secret give the same token, and another secret gives another', () => {
  expect(accountToken(id, 'a secret of sixteen')).toBe(accountToken(id, 'a secret of sixteen'));
  expect(accountToken(id, 'a secret of sixteen')).not.toBe(accountToken(id, 'another secret here'));
  expect(accountToken(id, 'a secret of sixteen')).toMatch(new RegExp(`^${id}\\.[\\w-]{43}$`));
});
