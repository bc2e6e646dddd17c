import { firstCoopId } from '@homeroom/contracts';
import type { Principal } from '@homeroom/sessions';
import { fuzzRoutes, openApiMistakes } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { password, startHarness, type Client } from './harness.ts';

const roster = [
  'guardian_email,guardian_name,family_name,latitude,longitude,child_name,child_birth_date',
  'ada@example.org,Ada,Lovelace,44.9,-93.2,Maya,2017-04-02',
  'ada@example.org,Ada,Lovelace,44.9,-93.2,Maya,2099-04-02',
].join('\n');

test('every response to any request is as the OpenAPI document describes it, and none is a 5xx', async () => {
  const service = await startHarness({
    env: { SIGN_IN_FAILURES_PER_ACCOUNT: '0', SIGN_IN_FAILURES_PER_ADDRESS: '0', SIGN_IN_SLOWDOWN_AFTER: '0' },
  });
  try {
    const coordinator = await service.coordinator();
    const guardian = await service.family({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
    const { family, email } = guardian;
    const principalOf = async (client: Client): Promise<Principal> => {
      const { principal } = (await client.send('GET', '/api/sessions')).body;
      return { ...principal, coopId: firstCoopId } as Principal;
    };
    const [asGuardian, asCoordinator] = [await principalOf(guardian), await principalOf(coordinator)];
    const asOperator = await principalOf(await service.operator());
    const sessions = service.openSessions();
    const another = await service.family();
    await service.anonymous.send('POST', '/api/password-resets', { email: another.email });
    const unused = [
      ...(await service.tokens(another.email, 'verification')),
      ...(await service.tokens(another.email, 'password-reset')),
    ];
    const imported = await coordinator.send('POST', '/api/families/import', roster, { 'content-type': 'text/csv' });
    const { items, nextCursor } = (await coordinator.send('GET', '/api/families?limit=1')).body;
    expect(items).toHaveLength(1);
    let sent = 0;
    const newcomers = Array.from({ length: 60 }, (_, n) => `newcomer-${n}@example.org`);
    const sound: Record<string, readonly unknown[]> = {
      'Idempotency-Key': Array.from({ length: 500 }, (_, n) => `key-${n}`),
      'If-Match': ['*'],
      'If-None-Match': ['*'],
      'text/csv': [roster],
      birthDate: ['2017-04-02', '2019-12-31'],
      childId: family.children.map(({ id }) => id),
      // of the account: both to sign in and to set anew
      currentPassword: [password],
      currency: ['USD'],
      cursor: [nextCursor],
      email: [email, email.toUpperCase()],
      familyId: [family.id],
      hosts: [[], ['willow.example']],
      importId: [imported.body.id],
      latitude: [44.98],
      limit: [1, 100],
      longitude: [-93.27],
      name: ['Maya', 'Noor', 'Zoë 👩‍👧'],
      near: ['44.98,-93.27,10'],
      locale: ['en-GB'],
      password: [password],
      phone: ['555 0100'],
      quotas: [{}, { families: 400 }],
      slug: ['homeroom'],
      timeZone: ['Europe/London'],
      token: unused,
    };
    const document = await service.app.inject('/api/families/openapi.json');
    expect(await openApiMistakes(document.json())).toEqual([]);
    const { routes } = await fuzzRoutes(service.app, {
      openapiPath: '/api/families/openapi.json',
      runsPerRoute: 60,
      headers: async ({ method, path }) => {
        if (sent++ % 6 === 0 || (path === '/api/sessions' && method === 'POST')) return {};
        // only a guardian has a password and an address to verify
        const own = path === '/api/account/password' || path === '/api/email-verifications';
        if (path.startsWith('/api/coops')) return { cookie: `homeroom=${(await sessions.create(asOperator)).token}` };
        // some routes end the sessions of their caller: a new one each time
        const { token } = await sessions.create(own || sent % 6 === 4 ? asGuardian : asCoordinator);
        return { cookie: `homeroom=${token}` };
      },
      known: (name, { path }) => (name === 'email' && path === '/api/families' ? newcomers : sound[name]) ?? [],
    });
    // a route that never succeeded was not tested
    expect(
      routes
        .filter(({ statuses }) => !Object.keys(statuses).some((status) => /^(2|304)/.test(status)))
        .map(({ method, path }) => `${method} ${path}`),
      // there is one co-op, and no more can be opened
    ).toEqual(['POST /api/coops']);
    expect(routes).toHaveLength(24);
  } finally {
    await service.close();
  }
}, 120_000);

test('no roster is answered with a 5xx, and sound rows come in', async () => {
  const service = await startHarness();
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
      const answer = await service.importing(csv, coordinator);
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
