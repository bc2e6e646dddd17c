import { fuzzRoutes } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { startHarness } from './harness.ts';

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
        return [];
      },
    });
    const reached = Object.fromEntries(
      routes.map(({ method, path, statuses }) => [`${method} ${path}`, Object.keys(statuses).map(Number)]),
    );
    // a route that never got past its schema was not tested
    expect(reached['GET /api/classes']).toContain(200);
    expect(reached['GET /api/classes/{classId}']).toContain(200);
    expect(reached['PATCH /api/classes/{classId}']).toContain(200);
    expect(reached['POST /api/enrollments']).toEqual(expect.arrayContaining([201]));
    expect(reached['GET /api/enrollments']).toContain(200);
    expect(reached['GET /api/enrollments/{enrollmentId}']).toContain(200);
    expect(reached['DELETE /api/enrollments/{enrollmentId}']).toContain(200);
    expect(Object.keys(reached)).toHaveLength(11);
  } finally {
    await harness.close();
  }
}, 120_000);
