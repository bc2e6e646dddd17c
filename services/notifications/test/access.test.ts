import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ZodFastify } from '@homeroom/chassis';
import { randomUUID } from 'node:crypto';
import { keepDeadLetter, listDeadLetters } from '../src/dead-letters/store.ts';
import { receiveEnrollment, receiveFamily } from '../src/notifications/receive-event.ts';
import {
  aFamily,
  Closing,
  co,
  cookieOf,
  guardianOf,
  openApp,
  openHouse,
  someCoordinator,
  type TestHouse,
} from './house.ts';
import { aDeadLetter } from './dead-letters/a-dead-letter.ts';

const closing = new Closing();
let house: TestHouse;
let app: ZodFastify;
const family = aFamily();
const stranger = aFamily();
let caller: Record<'nobody' | 'forged' | 'guardian' | 'stranger' | 'coordinator', Record<string, string>>;
let [mine, news, letter, token] = ['', '', '', ''];

beforeAll(async () => {
  house = await openHouse(closing);
  ({ app } = await openApp(house, closing));
  caller = {
    nobody: {},
    forged: { cookie: `homeroom=${'A'.repeat(43)}` },
    guardian: await cookieOf(house, guardianOf(family.familyId)),
    stranger: await cookieOf(house, guardianOf(stranger.familyId)),
    coordinator: await cookieOf(house, someCoordinator()),
  };
  const [welcome, forDesk] = await receiveFamily(house.database, co, family.registered());
  [mine, news] = [welcome?.id ?? '', forDesk?.id ?? ''];
  await receiveEnrollment(house.database, family.enrollment('homeroom.enrollment.confirmed.v1'));
  await keepDeadLetter(house.database, aDeadLetter());
  letter = (await listDeadLetters(house.database, { limit: 1 }))[0]?.id ?? '';
  const preferences = await app.inject({ url: '/api/notification-preferences', headers: caller.guardian });
  token = preferences.json<{ calendarUrl: string }>().calendarUrl.split('/').at(-1) ?? '';
  await house.testDatabase.waitForReplica();
});
afterAll(() => closing.closeAll());

/** Every route, and what each caller is told. Streams have a test of their own. */
const matrix = [
  ['GET', () => '/api/notifications', { nobody: 401, forged: 401, guardian: 200, stranger: 200, coordinator: 200 }],
  [
    'POST',
    () => `/api/notifications/${mine}/read`,
    { nobody: 401, forged: 401, guardian: 204, stranger: 404, coordinator: 404 },
  ],
  [
    'POST',
    () => `/api/notifications/${news}/read`,
    { nobody: 401, forged: 401, guardian: 404, stranger: 404, coordinator: 204 },
  ],
  [
    'POST',
    () => `/api/notifications/${randomUUID()}/read`,
    { nobody: 401, forged: 401, guardian: 404, stranger: 404, coordinator: 404 },
  ],
  [
    'GET',
    () => '/api/notification-preferences',
    { nobody: 401, forged: 401, guardian: 200, stranger: 200, coordinator: 403 },
  ],
  [
    'PATCH',
    () => '/api/notification-preferences',
    { nobody: 401, forged: 401, guardian: 200, stranger: 200, coordinator: 403 },
  ],
  ['GET', () => '/api/dead-letters', { nobody: 401, forged: 401, guardian: 403, stranger: 403, coordinator: 200 }],
  [
    'GET',
    () => `/api/dead-letters/${letter}`,
    { nobody: 401, forged: 401, guardian: 403, stranger: 403, coordinator: 200 },
  ],
  [
    'POST',
    () => `/api/dead-letters/${letter}/replay`,
    { nobody: 401, forged: 401, guardian: 403, stranger: 403, coordinator: 204 },
  ],
  [
    'GET',
    () => `/api/calendars/${token}`,
    { nobody: 200, forged: 200, guardian: 200, stranger: 200, coordinator: 200 },
  ],
  [
    'GET',
    () => `/api/calendars/${'A'.repeat(43)}.ics`,
    { nobody: 404, forged: 404, guardian: 404, stranger: 404, coordinator: 404 },
  ],
] as const;

describe('who may do what', () => {
  test.each(
    matrix.flatMap(([method, url, answers]) =>
      Object.entries(answers).map(([who, status]) => ({ method, url, who: who as keyof typeof caller, status })),
    ),
  )('$method $url: $who is told $status', async ({ method, url, who, status }) => {
    const body = method === 'PATCH' ? { payload: { email: { enabled: true } } } : {};
    const answer = await app.inject({ method, url: url(), headers: caller[who], ...body });
    expect(answer.statusCode).toBe(status);
    if (status >= 400) expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  test('the matrix has every route of the document', async () => {
    const document = (await app.inject('/api/notifications/openapi.json')).json<{
      paths: Record<string, Record<string, unknown>>;
    }>();
    const routes = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.sort()).toEqual([
      'GET /api/calendars/{file}',
      'GET /api/dead-letters',
      'GET /api/dead-letters/{id}',
      'GET /api/notification-preferences',
      'GET /api/notifications',
      'GET /api/notifications/stream',
      'PATCH /api/notification-preferences',
      'POST /api/dead-letters/{id}/replay',
      'POST /api/notifications/{id}/read',
    ]);
  });

  test('a stream is for whoever is signed in', async () => {
    const answer = await app.inject({ url: '/api/notifications/stream', headers: caller.forged });
    expect(answer.statusCode).toBe(401);
  });

  test('a family’s list holds nothing of another family’s, and a cursor does not travel between them', async () => {
    const list = (who: keyof typeof caller, query = ''): Promise<{ json: <T>() => T; statusCode: number }> =>
      app.inject({ url: `/api/notifications${query}`, headers: caller[who] });
    const page = (await list('guardian', '?limit=1')).json<{ items: { data: unknown }[]; nextCursor: string }>();
    expect(page.items).toHaveLength(1);
    expect((await list('stranger')).json()).toEqual({ items: [], unreadCount: 0 });
    const foreign = await list('stranger', `?cursor=${page.nextCursor}`);
    expect(foreign.statusCode).toBe(400);
    expect(foreign.json()).toMatchObject({ code: 'invalid_cursor' });
    expect((await list('guardian', `?limit=1&cursor=${page.nextCursor}`)).statusCode).toBe(200);
  });
});
