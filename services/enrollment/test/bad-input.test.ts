import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startHarness, type Harness } from './harness.ts';

let harness: Harness;
let coordinator: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness();
  coordinator = await harness.coordinator();
});
afterAll(() => harness.close());

const post = (payload: string | Buffer, headers: Record<string, string> = {}) =>
  harness.app.inject({
    method: 'POST',
    url: '/api/enrollments',
    headers: { 'content-type': 'application/json', ...coordinator, ...headers },
    payload,
  });
const body = (change: object = {}): string => JSON.stringify({ classId: uuidv7(), childId: uuidv7(), ...change });

const cases: [string, () => Promise<{ statusCode: number; json(): { code: string } }>, number, string][] = [
  ['JSON that ends too soon', () => post('{"classId":'), 400, 'malformed_json'],
  ['no body', () => post(''), 400, 'malformed_json'],
  ['a body that is a list', () => post('[]'), 422, 'validation_failed'],
  ['a prototype in the body', () => post('{"__proto__":{"x":1}}'), 400, 'malformed_json'],
  ['another type', () => post(body(), { 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
  ['a tab in the type', () => post(body(), { 'content-type': 'application/json\t; x' }), 404, 'class_not_found'],
  ['a body of 65 KiB', () => post(body({ x: 'x'.repeat(66_000) })), 413, 'body_too_large'],
  ['an unknown field', () => post(body({ price: 0 })), 422, 'validation_failed'],
  ['an id that is none', () => post(body({ classId: '1; drop table classes' })), 422, 'validation_failed'],
  ['an id with a NUL', () => post(body({ classId: `${uuidv7()}\0` })), 422, 'validation_failed'],
  ['an id that is a number', () => post(body({ childId: 7 })), 422, 'validation_failed'],
  ['a key of 256 characters', () => post(body(), { 'idempotency-key': 'k'.repeat(256) }), 422, 'validation_failed'],
  ['a cookie that is no session', () => post(body(), { cookie: 'homeroom=x' }), 401, 'unauthenticated'],
  [
    'ten thousand query parameters',
    () => harness.app.inject({ url: `/api/classes?${Array.from({ length: 10_000 }, (_, i) => `p${i}=1`).join('&')}` }),
    400,
    'bad_request',
  ],
  ['a NUL in the query', () => harness.app.inject({ url: '/api/classes?q=%00' }), 400, 'bad_request'],
  ['a broken escape in the path', () => harness.app.inject({ url: '/api/classes/%zz' }), 400, 'bad_request'],
  ['a path that is not there', () => harness.app.inject({ url: '/api/classes/../../etc/passwd' }), 404, 'not_found'],
];

describe('bad input', () => {
  test.each(cases)('%s', async (_, send, status, code) => {
    const before = await harness.rows('select from enrollments');
    const response = await send();
    expect([response.statusCode, response.json().code]).toEqual([status, code]);
    expect(await harness.rows('select from enrollments')).toHaveLength(before.length);
  });

  test('an unknown field is named', async () => {
    expect((await post(body({ price: 0 }))).json().errors).toEqual([
      { in: 'body', field: 'price', message: 'is not a known field' },
    ]);
  });
});
