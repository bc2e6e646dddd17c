import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { pottery, startHarness, type Child, type Harness } from './harness.ts';

type Headers = Record<string, string>;
type Who = 'anonymous' | 'stranger' | 'guardian' | 'coordinator';

let harness: Harness;
let child: Child;
let headers: Record<Who, Headers>;
let classId: string;
beforeAll(async () => {
  harness = await startHarness();
  const [mine, other] = await harness.children(2);
  child = mine!;
  headers = {
    anonymous: {},
    stranger: await harness.guardian(other!.familyId),
    guardian: await harness.guardian(child.familyId),
    coordinator: await harness.coordinator(),
  };
  classId = (await harness.openClass({ capacity: 1_000 })).id;
});
afterAll(() => harness.close());

/** An enrolment of the guardian's child, in a class of its own. */
const enrolled = async (): Promise<string> => {
  const [another] = await harness.children(1);
  await harness.rows('update children set family_id = $1 where child_id = $2', child.familyId, another!.id);
  return (await harness.enroll(another!, classId, headers.coordinator)).json().id;
};

const send = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object | string) => (who: Headers) =>
  harness.app.inject({
    method,
    url,
    headers: { ...who, ...(typeof payload === 'string' ? { 'content-type': 'text/csv' } : {}) },
    ...(payload === undefined ? {} : { payload }),
  });

/** Every route of the service: what it says to whom. */
const matrix: [string, (who: Headers) => Promise<{ statusCode: number; body: string }>, Record<Who, number>][] = [
  [
    'GET /api/classes',
    (who) => send('GET', '/api/classes')(who),
    { anonymous: 200, stranger: 200, guardian: 200, coordinator: 200 },
  ],
  [
    'GET /api/classes/{classId}',
    (who) => send('GET', `/api/classes/${classId}`)(who),
    { anonymous: 200, stranger: 200, guardian: 200, coordinator: 200 },
  ],
  [
    'POST /api/classes',
    (who) => send('POST', '/api/classes', { ...pottery, title: uuid() })(who),
    { anonymous: 401, stranger: 403, guardian: 403, coordinator: 201 },
  ],
  [
    'PATCH /api/classes/{classId}',
    (who) => send('PATCH', `/api/classes/${classId}`, { room: uuid() })(who),
    { anonymous: 401, stranger: 403, guardian: 403, coordinator: 200 },
  ],
  [
    'POST /api/classes/import',
    (who) => send('POST', '/api/classes/import', 'title')(who),
    { anonymous: 401, stranger: 403, guardian: 403, coordinator: 422 },
  ],
  [
    'GET /api/classes/{classId}/roster',
    (who) => send('GET', `/api/classes/${classId}/roster`)(who),
    { anonymous: 401, stranger: 403, guardian: 403, coordinator: 200 },
  ],
  [
    'POST /api/enrollments',
    async (who) => {
      const { id } = await harness.openClass({ weekday: 'monday', startTime: '08:00', endTime: '08:01' });
      const answer = await send('POST', '/api/enrollments', { classId: id, childId: child.id })(who);
      if (answer.statusCode === 201) await harness.cancel(answer.json().id, headers.coordinator);
      return answer;
    },
    // 409: the child’s id is young, and to a stranger it may as well be one that has not arrived
    { anonymous: 401, stranger: 409, guardian: 201, coordinator: 201 },
  ],
  [
    'GET /api/enrollments',
    (who) => send('GET', '/api/enrollments')(who),
    { anonymous: 401, stranger: 200, guardian: 200, coordinator: 200 },
  ],
  [
    'GET /api/enrollments/{enrollmentId}',
    async (who) => send('GET', `/api/enrollments/${await enrolled()}`)(who),
    { anonymous: 401, stranger: 404, guardian: 200, coordinator: 200 },
  ],
  [
    'DELETE /api/enrollments/{enrollmentId}',
    async (who) => send('DELETE', `/api/enrollments/${await enrolled()}`)(who),
    { anonymous: 401, stranger: 404, guardian: 200, coordinator: 200 },
  ],
  [
    'POST /api/payments/webhook',
    (who) => send('POST', '/api/payments/webhook', { id: 'evt_1', type: 'charge.succeeded' })(who),
    { anonymous: 401, stranger: 401, guardian: 401, coordinator: 401 },
  ],
];

describe.each(matrix)('%s', (_route, request, expected) => {
  test.each(Object.entries(expected) as [Who, number][])('says to %s %i', async (who, status) => {
    const { statusCode, body } = await request(headers[who]);
    expect(statusCode).toBe(status);
    if (who === 'anonymous' || who === 'stranger') {
      expect(body).not.toContain(child.familyId);
      expect(body).not.toContain(child.name);
    }
  });
});

test('no route is missing above', async () => {
  const document = (await harness.app.inject({ url: '/api/enrollment/openapi.json' })).json();
  const routes = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(matrix.map(([route]) => route).sort()).toEqual(routes.sort());
});

test('an enrolment that is somebody else’s and one that does not exist look the same', async () => {
  const answers = [];
  for (const id of [await enrolled(), uuid()]) {
    const { statusCode, body } = await send('GET', `/api/enrollments/${id}`)(headers.stranger);
    answers.push({ statusCode, ...JSON.parse(body), instance: undefined });
  }
  expect(answers[0]).toEqual(answers[1]);
});

test('a page of another site cannot act with a guardian’s cookie', async () => {
  const response = await harness.app.inject({
    method: 'DELETE',
    url: `/api/enrollments/${await enrolled()}`,
    headers: { ...headers.guardian, origin: 'https://evil.example' },
  });
  expect([response.statusCode, response.json().code]).toEqual([403, 'forbidden_origin']);
});
