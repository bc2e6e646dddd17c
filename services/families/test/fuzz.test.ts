import { fuzzRoutes } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { startApp } from './app.ts';

test('no request that a client can make is answered with a 5xx', async () => {
  const service = await startApp({
    env: { SIGN_IN_FAILURES_PER_ACCOUNT: '0', SIGN_IN_FAILURES_PER_ADDRESS: '0' },
  });
  try {
    const coordinator = await service.coordinator();
    const { family, email } = await service.family({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
    const { routes } = await fuzzRoutes(service.app, {
      openapiPath: '/api/families/openapi.json',
      runsPerRoute: 60,
      headers: async ({ method, path }) => {
        if (path !== '/api/sessions') return { cookie: String(coordinator.cookie) };
        // these end the session that comes along
        if (method === 'POST') return {};
        return { cookie: String((await service.signIn(email)).cookie) };
      },
      known: (name) => {
        if (name === 'familyId') return [family.id];
        if (name === 'childId') return family.children.map(({ id }) => id);
        return [];
      },
    });
    const reached = Object.fromEntries(
      routes.map(({ method, path, statuses }) => [`${method} ${path}`, Object.keys(statuses).map(Number)]),
    );
    // a route that never got past its schema was not tested
    expect(reached['POST /api/families']).toContain(201);
    expect(reached['GET /api/families']).toContain(200);
    expect(reached['GET /api/families/{familyId}']).toContain(200);
    expect(reached['PATCH /api/families/{familyId}']).toContain(200);
    expect(reached['POST /api/families/{familyId}/children']).toEqual(expect.arrayContaining([422]));
    expect(reached['DELETE /api/sessions']).toContain(204);
    expect(Object.keys(reached)).toHaveLength(11);
  } finally {
    await service.close();
  }
}, 120_000);
