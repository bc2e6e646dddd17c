import { fuzzRoutes } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { startApp } from './app.ts';

test('no request that a client can make is answered with a 5xx', async () => {
  const service = await startApp({
    env: { SIGN_IN_FAILURES_PER_ACCOUNT: '0', SIGN_IN_FAILURES_PER_ADDRESS: '0', SIGN_IN_SLOWDOWN_AFTER: '0' },
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
        if (name === 'near') return ['44.98,-93.27,10'];
        if (name === 'limit') return [1, 100];
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
    expect(Object.keys(reached)).toHaveLength(16);
  } finally {
    await service.close();
  }
}, 120_000);

test('no roster is answered with a 5xx, and sound rows come in', async () => {
  const service = await startApp();
  const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`fuzzing rosters: FUZZ_SEED=${seed}`);
  // mulberry32: a few lines, and the same numbers for the same seed
  let state = seed;
  const random = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  const noise = [
    '"',
    ',',
    '\n',
    '\r',
    '\0',
    '\ufeff',
    '""',
    ';',
    '\t',
    '-1',
    '1e999',
    '𝕬',
    '\u202e',
    ' ',
    'x'.repeat(300),
  ];
  const rosterOf = (n: number): Buffer => {
    const rows = [`g${n}a@example.org,A,F,44.9,-93.2,Maya,2017-04-02`, `g${n}b@example.org,B,F,,,,`];
    let csv = ['guardian_email,guardian_name,family_name,latitude,longitude,child_name,child_birth_date', ...rows].join(
      '\n',
    );
    for (let cuts = random(4); cuts > 0; cuts--) {
      const at = random(csv.length);
      csv = csv.slice(0, at) + String(noise[random(noise.length)]) + csv.slice(at + random(3));
    }
    const bytes = Buffer.from(csv);
    if (random(8) === 0) bytes[random(bytes.length)] = 0xff;
    return bytes;
  };
  try {
    const coordinator = await service.coordinator();
    let created = 0;
    for (let n = 0; n < 150; n++) {
      const csv = rosterOf(n);
      const answer = await coordinator.send('POST', '/api/families/import', csv, { 'content-type': 'text/csv' });
      if (![200, 422].includes(answer.status))
        throw new Error(`${answer.status} for ${JSON.stringify(csv.toString())}`);
      if (answer.status === 200) created += answer.body.created;
    }
    // most cuts hit the header, and then the whole file is refused
    expect(created).toBeGreaterThan(30);
  } finally {
    await service.close();
  }
}, 60_000);
