import type { Principal } from '@homeroom/sessions';
import { accessMatrix, type AccessRow, type AccessWorld, signInCallers } from '@homeroom/testing';
import type { ZodFastify } from '@homeroom/chassis';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { addDeadLetter, listDeadLetters } from '../src/dead-letters/store.ts';
import { receiveEnrollment, receiveFamily } from '../src/notifications/receive-event.ts';
import { aDeadLetter } from './dead-letters/a-dead-letter.ts';
import { aFamily, co, guardianOf, type Harness, someCoordinator, startHarness } from './harness.ts';

type Family = ReturnType<typeof aFamily>;
type Row = AccessRow<World>;

interface World extends AccessWorld {
  readonly app: ZodFastify;
  readonly harness: Harness;
  readonly owner: Family;
  /** Of the owner's inbox, and of the coordinators'. */
  readonly ids: { readonly welcome: string; readonly registered: string };
}

let world: World;
beforeAll(async () => {
  // what a request has prepared is there for the next one: no replica
  const harness = await startHarness({ replica: false, streams: { maxStreamsPerAccount: 100 } });
  const { app, db } = harness;
  const [owner, other] = [aFamily(), aFamily()];
  const [welcome, registered] = await receiveFamily(db, co, owner.registered({ name: 'Kolibri' }));
  await receiveFamily(db, co, other.registered({ name: 'Zaunkoenig' }));
  await receiveEnrollment(db, co, owner.enrollment('homeroom.enrollment.confirmed.v1'));
  const principals = {
    guardian: guardianOf(owner.familyId),
    stranger: guardianOf(other.familyId),
    coordinator: someCoordinator(),
    operator: { role: 'operator', accountId: randomUUID() } as const,
  };
  world = {
    ...{ app, harness, owner },
    rows: (text) => harness.rows(text),
    cookies: await signInCallers<Principal>(harness.openSessions, principals),
    secrets: {
      guardian: [owner.familyId, owner.email, 'Kolibri'],
      stranger: [other.familyId, other.email, 'Zaunkoenig'],
    },
    ids: { welcome: welcome?.id ?? '', registered: registered?.id ?? '' },
  };
});
afterAll(() => world.harness.close());

async function deadLetter({ harness: { db } }: World): Promise<string> {
  await addDeadLetter(db, aDeadLetter());
  return (await listDeadLetters(db, { limit: 1 }))[0]?.id ?? '';
}

/** The path of the owner's calendar. */
async function calendar({ app, cookies }: World, change?: object): Promise<string> {
  const answer = await app.inject({
    method: change === undefined ? 'GET' : 'PATCH',
    url: '/api/notification-preferences',
    headers: { cookie: cookies.guardian },
    ...(change === undefined ? {} : { payload: change }),
  });
  return new URL(answer.json<{ calendarUrl: string }>().calendarUrl).pathname;
}

const unsigned = '401 unauthenticated';
const noOperator = { operator: '403 forbidden_role' } as const;
const forAll = (answer: 200 | '404 calendar_not_found'): Row['answers'] => ({
  ...{ unsigned: answer, stranger: answer, guardian: answer, coordinator: answer, operator: answer },
});
const signedIn: Row['answers'] = { unsigned, stranger: 200, guardian: 200, coordinator: 200, ...noOperator };
const forCoordinators = (answer: 200 | 204): Row['answers'] => ({
  ...{ unsigned, stranger: '403 forbidden_role', guardian: '403 forbidden_role', coordinator: answer, ...noOperator },
});
const notFound = '404 notification_not_found';
const invalid = '422 validation_failed';

const matrix = accessMatrix<World>(
  {
    'GET /api/notifications': { request: () => ({ url: '/api/notifications' }), answers: signedIn },
    'POST /api/notifications/{id}/read': {
      request: ({ ids }) => ({ url: `/api/notifications/${ids.welcome}/read` }),
      answers: { unsigned, stranger: notFound, guardian: 204, coordinator: notFound, ...noOperator },
    },
    'POST /api/notifications/read-all': {
      request: ({ ids }) => ({ url: '/api/notifications/read-all', payload: { upTo: ids.welcome } }),
      answers: { unsigned, stranger: notFound, guardian: 200, coordinator: notFound, ...noOperator },
    },
    'GET /api/notifications/stream': { request: () => ({ url: '/api/notifications/stream' }), answers: signedIn },
    'GET /api/notification-preferences': {
      request: () => ({ url: '/api/notification-preferences' }),
      answers: signedIn,
      // the calendar's address is made at the first look
      writes: 'even as GET',
    },
    'PATCH /api/notification-preferences': {
      request: () => ({ url: '/api/notification-preferences', payload: { email: { enabled: true } } }),
      answers: signedIn,
    },
    'GET /api/calendars/{file}': {
      request: async (it) => ({ url: await calendar(it) }),
      answers: forAll(200),
      opens: true,
    },
    'GET /api/dead-letters': { request: () => ({ url: '/api/dead-letters' }), answers: forCoordinators(200) },
    'GET /api/dead-letters/{id}': {
      request: async (it) => ({ url: `/api/dead-letters/${await deadLetter(it)}` }),
      answers: forCoordinators(200),
    },
    'POST /api/dead-letters/{id}/replay': {
      request: async (it) => ({ url: `/api/dead-letters/${await deadLetter(it)}/replay` }),
      answers: forCoordinators(204),
    },
  },
  {
    'PATCH /api/notification-preferences: a kind of the coordinators': {
      request: () => ({
        method: 'PATCH',
        url: '/api/notification-preferences',
        payload: { email: { kinds: { flagged: true } } },
      }),
      answers: { unsigned, stranger: invalid, guardian: invalid, coordinator: 200, ...noOperator },
    },
    'PATCH /api/notification-preferences: a new address of the calendar': {
      request: () => ({ method: 'PATCH', url: '/api/notification-preferences', payload: { rotateCalendar: true } }),
      answers: { unsigned, stranger: 200, guardian: 200, coordinator: invalid, ...noOperator },
    },
    'POST /api/notifications/{id}/read: of the coordinators': {
      request: ({ ids }) => ({ method: 'POST', url: `/api/notifications/${ids.registered}/read` }),
      answers: { unsigned, stranger: notFound, guardian: notFound, coordinator: 204, ...noOperator },
    },
    'POST /api/notifications/{id}/read: of nobody': {
      request: () => ({ method: 'POST', url: `/api/notifications/${randomUUID()}/read` }),
      answers: { unsigned, stranger: notFound, guardian: notFound, coordinator: notFound, ...noOperator },
    },
    'GET /api/notifications: the cursor of a guardian': {
      request: async ({ app, cookies }) => {
        const page = await app.inject({ url: '/api/notifications?limit=1', headers: { cookie: cookies.guardian } });
        return { method: 'GET', url: `/api/notifications?cursor=${page.json<{ nextCursor: string }>().nextCursor}` };
      },
      answers: {
        unsigned,
        stranger: '422 invalid_cursor',
        guardian: 200,
        coordinator: '422 invalid_cursor',
        ...noOperator,
      },
    },
    'GET /api/notifications/stream: from the first notification of another family on': {
      request: ({ ids }) => ({
        method: 'GET',
        url: '/api/notifications/stream',
        headers: { 'last-event-id': ids.welcome },
      }),
      answers: signedIn,
    },
    'GET /api/calendars/{file}: the address before it was changed': {
      request: async (it) => {
        const url = await calendar(it);
        await calendar(it, { rotateCalendar: true });
        return { method: 'GET', url };
      },
      answers: forAll('404 calendar_not_found'),
    },
    'GET /api/calendars/{file}: a guessed address': {
      request: () => ({ method: 'GET', url: `/api/calendars/${'A'.repeat(43)}.ics` }),
      answers: forAll('404 calendar_not_found'),
    },
    'GET /api/calendars/{file}: the ETag of a calendar, with another address': {
      request: async (it) => {
        const { headers } = await it.app.inject({ url: await calendar(it) });
        return {
          method: 'GET',
          url: `/api/calendars/${'A'.repeat(43)}.ics`,
          headers: { 'if-none-match': String(headers['etag']) },
        };
      },
      answers: forAll('404 calendar_not_found'),
    },
  },
);

describe('who may do what', () => {
  test.each(matrix.cells)('$route as $as: $answer', (cell) => cell.check(world));

  test('every route of the document is in the table', () =>
    matrix.checkRoutes(world.app, '/api/notifications/openapi.json'));
});
