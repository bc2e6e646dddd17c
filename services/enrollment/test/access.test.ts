import { firstCoopId } from '@homeroom/contracts';
import type { Principal } from '@homeroom/sessions';
import { accessMatrix, signInCallers, type AccessRow, type AccessWorld } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { copyFamily } from '../src/families/copy-family.ts';
import { aFamily, pottery, startHarness, type Child, type Harness } from './harness.ts';

interface World extends AccessWorld {
  readonly harness: Harness;
  readonly owner: Child;
  readonly other: Child;
  readonly classId: string;
}

type Row = AccessRow<World>;

let world: World;
beforeAll(async () => {
  const harness = await startHarness();
  const [owner, other] = [await addChild(harness, 'Kolibri'), await addChild(harness, 'Zaunkoenig')];
  const guardian = ({ familyId }: Child): Principal => ({
    role: 'guardian',
    coopId: firstCoopId,
    accountId: randomUUID(),
    familyId,
  });
  const secretsOf = ({ id, familyId, name }: Child): string[] => [id, familyId, name];
  world = {
    ...{ harness, owner, other },
    app: harness.app,
    rows: (text) => harness.rows(text),
    cookies: await signInCallers(harness.openSessions, {
      guardian: guardian(owner),
      stranger: guardian(other),
      coordinator: { role: 'coordinator', coopId: firstCoopId, accountId: randomUUID() },
      operator: { role: 'operator', accountId: randomUUID() },
    }),
    secrets: { guardian: secretsOf(owner), stranger: secretsOf(other) },
    classId: (await harness.openClass({ capacity: 1_000 })).id,
  };
});
afterAll(() => world.harness.close());

/** A family with one child. The child's id is not a recent one: to another family it does not exist. */
async function addChild({ db }: Harness, name: string): Promise<Child> {
  const children = [{ childId: randomUUID(), name, birthDate: '2018-06-01' }];
  const family = aFamily({
    name,
    children,
    guardians: [{ guardianId: randomUUID(), name, email: `${name}@co.example` }],
  });
  await copyFamily({ db }, { eventId: randomUUID(), family });
  return { id: children[0]?.childId ?? '', name, familyId: family.familyId };
}

/** A new child of the owner's family, named like the first: without classes. */
async function newChild({ harness, owner }: World): Promise<Child> {
  const { id } = await addChild(harness, owner.name);
  await harness.rows('update children set family_id = $1 where child_id = $2', owner.familyId, id);
  return { ...owner, id };
}

interface Sent {
  readonly url: string;
  readonly method: 'POST';
  readonly payload: { readonly classId: string; readonly childId: string };
  readonly headers: Record<string, string>;
}

const enrolling = ({ id }: Child, classId: string, key = randomUUID() as string): Sent => ({
  method: 'POST',
  url: '/api/enrollments',
  payload: { classId, childId: id },
  headers: { 'idempotency-key': key },
});

/** Enrolls a new child of the owner's, as its guardian. */
async function enrolled(it: World): Promise<{ id: string; child: Child; sent: Sent }> {
  const child = await newChild(it);
  const sent = enrolling(child, it.classId);
  const headers = { ...sent.headers, cookie: it.cookies.guardian };
  const answer = await it.harness.app.inject({ ...sent, headers });
  return { id: answer.json<{ id: string }>().id, child, sent };
}

const unsigned = '401 unauthenticated';
const noOperator = { operator: '403 forbidden_role' } as const;
const forAll = (answer: 200 | '401 signature_invalid'): Row['answers'] => ({
  ...{ unsigned: answer, stranger: answer, guardian: answer, coordinator: answer, operator: answer },
});
const forCoordinators = (answer: 200 | 201 | 202): Row['answers'] => ({
  ...{ unsigned, stranger: '403 forbidden_role', guardian: '403 forbidden_role', coordinator: answer, ...noOperator },
});
const ofEnrollment = (answer: 200): Row['answers'] => ({
  ...{ unsigned, stranger: '404 enrollment_not_found', guardian: answer, coordinator: answer, ...noOperator },
});

const matrix = accessMatrix<World>(
  {
    'GET /api/classes': { request: () => ({ url: '/api/classes' }), answers: forAll(200) },
    'GET /api/classes/{classId}': {
      request: ({ classId }) => ({ url: `/api/classes/${classId}` }),
      answers: forAll(200),
    },
    'POST /api/classes': {
      request: () => ({
        url: '/api/classes',
        payload: { ...pottery, title: randomUUID(), room: randomUUID(), teacher: randomUUID() },
      }),
      answers: forCoordinators(201),
    },
    'PATCH /api/classes/{classId}': {
      request: ({ classId }) => ({ url: `/api/classes/${classId}`, payload: { description: randomUUID() } }),
      answers: forCoordinators(200),
    },
    'POST /api/classes/import': {
      request: () => ({ url: '/api/classes/import', payload: 'title' }),
      answers: forCoordinators(202),
    },
    'GET /api/classes/import/{importId}': {
      request: async ({ app, cookies }) => {
        const headers = { cookie: cookies.coordinator, 'content-type': 'text/csv' };
        const sent = await app.inject({ method: 'POST', url: '/api/classes/import', payload: 'title', headers });
        return { url: String(sent.headers.location) };
      },
      answers: forCoordinators(200),
    },
    'POST /api/classes/{classId}/cancel': {
      request: async ({ harness }) => ({
        url: `/api/classes/${(await harness.openClass()).id}/cancel`,
        payload: { reason: 'Too few children' },
      }),
      answers: forCoordinators(200),
    },
    'GET /api/classes/{classId}/roster': {
      request: ({ classId }) => ({ url: `/api/classes/${classId}/roster` }),
      answers: forCoordinators(200),
    },
    'POST /api/enrollments': {
      request: async (it) => enrolling(await newChild(it), it.classId),
      answers: { unsigned, stranger: '404 child_not_found', guardian: 201, coordinator: 201, ...noOperator },
    },
    'GET /api/enrollments': {
      request: () => ({ url: '/api/enrollments' }),
      answers: { unsigned, stranger: 200, guardian: 200, coordinator: 200, ...noOperator },
    },
    'GET /api/enrollments/{enrollmentId}': {
      request: async (it) => ({ url: `/api/enrollments/${(await enrolled(it)).id}` }),
      answers: ofEnrollment(200),
    },
    'DELETE /api/enrollments/{enrollmentId}': {
      request: async (it) => ({ url: `/api/enrollments/${(await enrolled(it)).id}` }),
      answers: ofEnrollment(200),
    },
    'POST /api/enrollments/{enrollmentId}/accept': {
      request: async (it) => ({ method: 'POST', url: `/api/enrollments/${(await enrolled(it)).id}/accept` }),
      answers: ofEnrollment(200),
      writes: 'never',
    },
    'POST /api/payments/webhook': {
      request: () => ({ url: '/api/payments/webhook', payload: { id: 'evt_1', type: 'charge.succeeded' } }),
      answers: forAll('401 signature_invalid'),
    },
  },
  {
    'PATCH /api/classes/{classId}: a preview': {
      request: ({ classId }) => ({
        method: 'PATCH',
        url: `/api/classes/${classId}?preview=true`,
        payload: { description: randomUUID() },
      }),
      answers: forCoordinators(200),
      writes: 'never',
    },
    'POST /api/classes/{classId}/cancel: again': {
      request: async ({ harness }) => {
        const { id } = await harness.openClass();
        const sent = { method: 'POST', url: `/api/classes/${id}/cancel`, payload: { reason: 'No clay' } } as const;
        await harness.app.inject({ ...sent, headers: await harness.coordinator() });
        return sent;
      },
      answers: forCoordinators(200),
      writes: 'never',
    },
    'S2: POST /api/enrollments: a replay with the key and body of the family': {
      request: async (it) => (await enrolled(it)).sent,
      answers: {
        unsigned,
        stranger: '404 child_not_found',
        guardian: 201,
        coordinator: '409 already_enrolled',
        ...noOperator,
      },
      writes: 'never',
    },
    'S2: POST /api/enrollments: the key and child of another family, for another class': {
      request: async (it) => {
        const [{ child, sent }, { id }] = [await enrolled(it), await it.harness.openClass({ weekday: 'monday' })];
        return enrolling(child, id, sent.headers['idempotency-key']);
      },
      answers: { stranger: '404 child_not_found', guardian: '422 idempotency_key_reused', coordinator: 201 },
    },
    'S2: POST /api/enrollments: the key of another family, for one’s own child': {
      request: async (it) => {
        const [{ sent }, { id }] = [await enrolled(it), await it.harness.openClass({ weekday: 'monday' })];
        return enrolling(it.other, id, sent.headers['idempotency-key']);
      },
      answers: { stranger: 201, guardian: '404 child_not_found' },
    },
    'D13: POST /api/enrollments: a young child of another family': {
      request: async (it) => {
        const child = { ...it.owner, id: uuidv7() };
        await it.harness.rows(
          `insert into children (child_id, family_id, version, name, birth_date) values ($1, $2, 1, $3, '2018-06-01')`,
          child.id,
          child.familyId,
          child.name,
        );
        return enrolling(child, it.classId);
      },
      answers: { unsigned, stranger: '409 family_not_ready', guardian: 201 },
    },
    'POST /api/enrollments: setting the age limits aside': {
      request: async (it) => {
        const sent = enrolling(await newChild(it), it.classId);
        return { ...sent, payload: { ...sent.payload, override: { age: true, reason: 'asked for it' } } };
      },
      answers: {
        unsigned,
        stranger: '403 forbidden_role',
        guardian: '403 forbidden_role',
        coordinator: 201,
        ...noOperator,
      },
    },
    'POST /api/enrollments: naming the family of the child': {
      request: async (it) => {
        const sent = enrolling(await newChild(it), it.classId);
        return { ...sent, payload: { ...sent.payload, familyId: it.owner.familyId } };
      },
      answers: { unsigned, stranger: '404 child_not_found', guardian: 201, coordinator: 201, ...noOperator },
    },
    'GET /api/enrollments: filtered by the family and class': {
      request: async (it) => {
        await enrolled(it);
        return { method: 'GET', url: `/api/enrollments?familyId=${it.owner.familyId}&classId=${it.classId}` };
      },
      answers: { unsigned, stranger: 200, guardian: 200, coordinator: 200, ...noOperator },
    },
    'GET /api/enrollments: the cursor of another family': {
      request: async (it) => {
        await enrolled(it);
        await enrolled(it);
        const page = await it.harness.app.inject({
          url: '/api/enrollments?limit=1',
          headers: { cookie: it.cookies.guardian },
        });
        return { method: 'GET', url: `/api/enrollments?cursor=${page.json<{ nextCursor: string }>().nextCursor}` };
      },
      answers: { unsigned, stranger: 200, guardian: 200, coordinator: 200, ...noOperator },
    },
    'DELETE /api/enrollments/{enrollmentId}: one that has ended': {
      request: async (it) => {
        const { id } = await enrolled(it);
        await it.harness.cancel(id, { cookie: it.cookies.guardian });
        return { method: 'DELETE', url: `/api/enrollments/${id}` };
      },
      answers: ofEnrollment(200),
      writes: 'never',
    },
    'DELETE /api/enrollments/{enrollmentId}: from a page of another site': {
      request: async (it) => ({
        method: 'DELETE',
        url: `/api/enrollments/${(await enrolled(it)).id}`,
        headers: { origin: 'https://evil.example' },
      }),
      answers: {
        nobody: '401 unauthenticated',
        guardian: '403 forbidden_origin',
        coordinator: '403 forbidden_origin',
      },
    },
  },
);

describe('who may do what', () => {
  test.each(matrix.cells)('$route as $as: $answer', (cell) => cell.check(world));

  test('every route of the document is in the table', () =>
    matrix.checkRoutes(world.app, '/api/enrollment/openapi.json'));
});

test('an enrollment of another family and one that does not exist get the same answer', async () => {
  const answers = [];
  for (const id of [(await enrolled(world)).id, randomUUID()]) {
    const url = `/api/enrollments/${id}`;
    const { statusCode, body } = await world.app.inject({ url, headers: { cookie: world.cookies.stranger } });
    answers.push({ statusCode, ...JSON.parse(body), instance: undefined });
  }
  expect(answers[0]).toEqual(answers[1]);
});
