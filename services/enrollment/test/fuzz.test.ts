import { fuzzRoutes } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { startHarness } from './harness.ts';

/** What a class may hold beyond its schema: values that agree with each other, so that changes get through to the database. */
const sound: Record<string, readonly unknown[]> = {
  'if-match': ['*'],
  timeZone: ['America/Chicago'],
  firstDay: ['2027-01-11'],
  lastDay: ['2027-05-21'],
  startTime: ['08:00'],
  endTime: ['19:30'],
  ageMin: [0],
  ageMax: [120],
  capacity: [900],
};

test('no request that a client can make is answered with a 5xx', async () => {
  const harness = await startHarness();
  try {
    const coordinator = await harness.coordinator();
    const children = await harness.children(20);
    const classes = await Promise.all(Array.from({ length: 3 }, () => harness.openClass({ capacity: 5 })));
    const made = (await harness.enroll(children[0]!, classes[0]!.id)).json();
    const { routes } = await fuzzRoutes(harness.app, {
      openapiPath: '/api/enrollment/openapi.json',
      runsPerRoute: 60,
      headers: () => coordinator,
      known: (name) => {
        if (name === 'classId') return classes.map(({ id }) => id);
        if (name === 'childId') return children.map(({ id }) => id);
        if (name === 'familyId') return children.map(({ familyId }) => familyId);
        if (name === 'enrollmentId') return [made.id];
        return sound[name] ?? [];
      },
    });
    const reached = Object.fromEntries(
      routes.map(({ method, path, statuses }) => [`${method} ${path}`, Object.keys(statuses).map(Number)]),
    );
    // a route that never got past its schema was not tested; what it then answers is the seed's luck
    for (const route of [
      'GET /api/classes',
      'GET /api/classes/{classId}',
      'PATCH /api/classes/{classId}',
      'POST /api/enrollments',
      'GET /api/enrollments',
      'GET /api/enrollments/{enrollmentId}',
      'DELETE /api/enrollments/{enrollmentId}',
    ])
      expect([route, reached[route]?.some((status) => status < 300 || status === 409)]).toEqual([route, true]);
    expect(Object.keys(reached)).toHaveLength(12);
  } finally {
    await harness.close();
  }
}, 120_000);
