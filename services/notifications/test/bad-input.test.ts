import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeCursor, type ZodFastify } from '@homeroom/chassis';
import type { InjectOptions } from 'fastify';
import { aFamily, cursorKey, guardianOf, type Harness, someCoordinator, startHarness } from './harness.ts';

let harness: Harness;
let app: ZodFastify;
let guardian: { cookie: string };
let coordinator: { cookie: string };
const family = aFamily();
const ownPlace = { audience: `family:${family.familyId}`, position: 1 };

beforeAll(async () => {
  harness = await startHarness();
  ({ app } = harness);
  guardian = await harness.signedIn(guardianOf(family.familyId));
  coordinator = await harness.signedIn(someCoordinator());
});
afterAll(() => harness.close());

const problem = async (
  request: InjectOptions,
): Promise<{ status: number; code?: string; errors?: { field: string }[] }> => {
  const answer = await app.inject(request);
  expect(answer.headers['content-type']).toContain('application/problem+json');
  return { ...answer.json<{ code: string; errors: { field: string }[] }>(), status: answer.statusCode };
};

describe('bad input gets a 4xx that says what is wrong', () => {
  test.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=many', 'limit'],
    ['limit=1.5', 'limit'],
    ['unread=perhaps', 'unread'],
    ['limit=1&limit=2', 'limit'],
    ['sort=asc', 'sort'],
    [`cursor=${'x'.repeat(1_001)}`, 'cursor'],
  ])('GET /api/notifications?%s names the field', async (query, field) => {
    const answer = await problem({ url: `/api/notifications?${query}`, headers: guardian });
    expect(answer).toMatchObject({ status: 422, code: 'validation_failed' });
    expect(answer.errors?.map((error) => error.field)).toContain(field);
  });

  test.each([
    ['a word', 'next'],
    ['another list’s', encodeCursor({ deadLetter: '0199f2a0-0000-7000-8000-000000000006' }, cursorKey)],
    [
      'one signed with another key',
      encodeCursor({ audience: 'coordinators', position: 1 }, { ...cursorKey, secret: 'another secret, also long' }),
    ],
    ['another co-op’s', encodeCursor(ownPlace, { ...cursorKey, coopId: family.familyId })],
    ['another reader’s', encodeCursor({ audience: 'coordinators', position: 1 }, cursorKey)],
    ['a position that is none', encodeCursor({ ...ownPlace, position: -1 }, cursorKey)],
  ])('a cursor that is %s is refused', async (_what, cursor) => {
    const url = `/api/notifications?cursor=${encodeURIComponent(cursor)}`;
    expect(await problem({ url, headers: guardian })).toMatchObject({ status: 422, code: 'invalid_cursor' });
  });

  test.each<[string, unknown, string]>([
    ['an unknown field', { email: { enabled: true, sms: true } }, 'email.sms'],
    ['an unknown kind', { email: { kinds: { newsletter: true } } }, 'email.kinds.newsletter'],
    [
      'a kind that never was a mail',
      { email: { kinds: { family_registered: false } } },
      'email.kinds.family_registered',
    ],
    ['a text for a switch', { email: { enabled: 'false' } }, 'email.enabled'],
    ['an order not to rotate', { rotateCalendar: false }, 'rotateCalendar'],
    ['another family', { familyId: aFamily().familyId }, 'familyId'],
    ['an array', [], ''],
  ])('PATCH of preferences with %s names it', async (_what, payload, field) => {
    const answer = await problem({
      method: 'PATCH',
      url: '/api/notification-preferences',
      headers: guardian,
      payload: payload as object,
    });
    expect(answer).toMatchObject({ status: 422, code: 'validation_failed' });
    expect(answer.errors?.map((error) => error.field)).toContain(field);
  });

  test('JSON that is none, too much of it, and another kind of body', async () => {
    const request = { method: 'PATCH', url: '/api/notification-preferences' } as const;
    const json = { ...guardian, 'content-type': 'application/json' };
    expect(await problem({ ...request, headers: json, payload: '{"email":' })).toMatchObject({
      status: 400,
      code: 'malformed_json',
    });
    expect(await problem({ ...request, headers: json, payload: `{"x":"${'y'.repeat(70_000)}"}` })).toMatchObject({
      status: 413,
    });
    expect(
      await problem({ ...request, headers: { ...guardian, 'content-type': 'text/xml' }, payload: '<a/>' }),
    ).toMatchObject({ status: 415 });
  });

  test('an id that is none, and a topic that is not ours', async () => {
    expect(
      await problem({ method: 'POST', url: '/api/notifications/1%27%20or%201=1/read', headers: guardian }),
    ).toMatchObject({ status: 422 });
    expect(await problem({ url: '/api/dead-letters?topic=other', headers: coordinator })).toMatchObject({
      status: 422,
    });
  });

  test('a write from another site', async () => {
    const request = { method: 'PATCH', url: '/api/notification-preferences', payload: {} } as const;
    expect(await problem({ ...request, headers: { ...guardian, origin: 'https://evil.example' } })).toMatchObject({
      status: 403,
      code: 'forbidden_origin',
    });
  });
});
