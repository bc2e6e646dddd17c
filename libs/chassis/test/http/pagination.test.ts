import { decodeCursor, encodeCursor, idempotencyHeaders, page } from '@homeroom/chassis';
import { describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { z } from 'zod';

const schema = z.object({ name: z.string(), id: z.number() });
const key = { secret: 'a secret of the service', coopId: '0199f2a0-0000-7000-8000-00000000000a' };
const cursor = encodeCursor({ name: 'Žofia 😀', id: 7 }, key);

describe('a cursor', () => {
  test('comes back as it was', () => {
    expect(decodeCursor(cursor, schema, key)).toEqual({ name: 'Žofia 😀', id: 7 });
  });

  test('is a token that fits a URL as it is', () => {
    expect(encodeURIComponent(cursor)).toBe(cursor);
  });

  const [text = '', signature = ''] = cursor.split('.');
  test.each([
    ['another secret’s', encodeCursor({ name: 'a', id: 1 }, { ...key, secret: 'another secret' })],
    ['another co-op’s', encodeCursor({ name: 'a', id: 1 }, { ...key, coopId: '0199f2a0-0000-7000-8000-00000000000b' })],
    [
      'of release 0.2, which names no co-op',
      `${text}.${createHmac('sha256', key.secret).update(text).digest().subarray(0, 16).toString('base64url')}`,
    ],
    ['another list’s', encodeCursor({ title: 'a' }, key)],
    ['changed text', `${text.slice(0, -2)}AA.${signature}`],
    ['a changed signature', `${text}.${signature.slice(0, -2)}AA`],
    ['no signature', text],
    ['an empty one', ''],
    ['a dot', '.'],
    ['three parts', `${cursor}.x`],
    ['binary', '\u0000\ud800'],
  ])('is refused as invalid_cursor when it is %s', (_, forged) => {
    expect(() => decodeCursor(forged, schema, key)).toThrow(
      expect.objectContaining({ code: 'invalid_cursor', status: 422 }),
    );
  });
});

test('a page has a cursor when there is a row more than its limit', () => {
  const options = { limit: 2, cursorOf: (id: number) => ({ name: '', id }), cursorKey: key };
  const { items, nextCursor } = page([5, 6, 7], options);
  expect([items, decodeCursor(nextCursor, schema, key)]).toEqual([[5, 6], { name: '', id: 6 }]);
  expect(page([5, 6], options)).toEqual({ items: [5, 6] });
  expect(decodeCursor(undefined, schema, key)).toBeUndefined();
});

test.each([
  ['a UUID', '0199f2a0-0000-7000-8000-000000000001', true],
  ['255 characters', 'x'.repeat(255), true],
  ['256 characters', 'x'.repeat(256), false],
  ['nothing', '', false],
  ['a space', 'a b', false],
  ['a letter outside ASCII', 'ä', false],
])('an Idempotency-Key of %s', (_, value, accepted) => {
  expect(idempotencyHeaders.safeParse({ 'idempotency-key': value }).success).toBe(accepted);
});

test('the headers of a request with an Idempotency-Key keep their other headers', () => {
  expect(idempotencyHeaders.parse({ cookie: 'a=b', 'idempotency-key': 'k' })).toEqual({
    cookie: 'a=b',
    'idempotency-key': 'k',
  });
});
