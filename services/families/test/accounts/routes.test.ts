import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newEmail, password, registrationOf, startHarness, type Harness } from '../harness.ts';

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.close());

const signIn = (email: string, secret: string, headers = {}) =>
  service.anonymous.send('POST', '/api/sessions', { email, password: secret }, headers);

describe('POST /api/sessions', () => {
  test('signs a guardian in, with a cookie that scripts and other sites do not get', async () => {
    const { email, family } = await service.family();
    const { status, headers, body } = await signIn(email.toUpperCase(), password);
    expect(status).toBe(201);
    expect(body).toEqual({
      principal: { role: 'guardian', familyId: family.id, accountId: family.guardians[0].id },
      expiresAt: expect.any(String),
    });
    const [cookie, device] = [headers['set-cookie']].flat().map(String);
    expect(cookie).toMatch(/^homeroom=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(device).toMatch(/^homeroom-device=[\w.-]{66}; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('signs a coordinator in', async () => {
    const coordinator = await service.coordinator();
    const { body } = await coordinator.send('GET', '/api/sessions');
    expect(body.principal).toEqual({ role: 'coordinator', accountId: expect.any(String) });
  });

  test('answers a wrong password, an unknown email and an account without password alike', async () => {
    const { email } = await service.family();
    const { email: reset, family } = await service.family();
    await service.rows('update accounts set password_hash = null where family_id = $1', family.id);
    const answers = [
      await signIn(email, 'wrong password'),
      await signIn(newEmail(), 'wrong password'),
      await signIn(reset, password),
    ].map(({ status, body }) => ({ status, ...body, instance: undefined }));
    expect(answers[0]).toMatchObject({ status: 401, code: 'wrong_credentials' });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  test('hashes a password for an unknown email too: the answer takes its time', async () => {
    const { email } = await service.family();
    const median = async (of: string): Promise<number> => {
      const times = [];
      for (let round = 0; round < 5; round++) {
        const start = process.cpuUsage();
        await signIn(of, 'wrong password');
        const { user, system } = process.cpuUsage(start);
        times.push(user + system);
      }
      return times.sort((a, b) => a - b)[2] ?? 0;
    };
    const [known, unknown] = [await median(email), await median(newEmail())];
    // CPU time, and loosely: without the dummy hash it is a tenth
    expect(unknown).toBeGreaterThan(known * 0.4);
  });

  test('gives a new token every time and ends the session that came along', async () => {
    const { email } = await service.family();
    const before = await service.signIn(email);
    const after = await service.anonymous.send(
      'POST',
      '/api/sessions',
      { email, password },
      { cookie: String(before.cookie) },
    );
    expect(String(after.headers['set-cookie'])).not.toContain(String(before.cookie));
    expect((await before.send('GET', '/api/sessions')).status).toBe(401);
  });

  test('does not take a token that was planted before signing in', async () => {
    const { email } = await service.family();
    const planted = `homeroom=${'A'.repeat(43)}`;
    const answer = await signIn(email, password, { cookie: planted });
    expect(String(answer.headers['set-cookie'])).not.toContain(planted);
    const withPlanted = await service.anonymous.send('GET', '/api/sessions', undefined, { cookie: planted });
    expect(withPlanted.status).toBe(401);
  });

  test('refuses another site’s page that uses the cookie', async () => {
    const client = await service.family();
    const { status, body } = await client.send('DELETE', '/api/sessions', undefined, {
      origin: 'https://evil.example',
    });
    expect([status, body.code]).toEqual([403, 'forbidden_origin']);
  });

  test('composes passwords, so that another keyboard types the same one', async () => {
    const email = newEmail();
    const given = registrationOf({ guardian: { name: 'N', email, password: 'caf\u00e9 au lait' } });
    await service.anonymous.send('POST', '/api/families', given);
    expect((await signIn(email, 'cafe\u0301 au lait')).status).toBe(201);
  });
});

describe('GET and DELETE /api/sessions', () => {
  test('lists own sessions and signs out of one', async () => {
    const { email } = await service.family();
    const [phone, laptop] = [await service.signIn(email), await service.signIn(email)];
    const { status, body } = await laptop.send('GET', '/api/sessions');
    expect(status).toBe(200);
    expect(body.sessions.length).toBeGreaterThanOrEqual(2);
    expect(body.sessions.filter(({ current }: { current: boolean }) => current)).toHaveLength(1);
    expect(JSON.stringify(body)).not.toContain(String(laptop.cookie).split('=')[1]);
    const out = await laptop.send('DELETE', '/api/sessions');
    expect(out.status).toBe(204);
    expect(String(out.headers['set-cookie'])).toMatch(/^homeroom=;/);
    expect((await laptop.send('GET', '/api/sessions')).status).toBe(401);
    expect((await phone.send('GET', '/api/sessions')).status).toBe(200);
  });

  test('signs out everywhere, and no other account', async () => {
    const { email } = await service.family();
    const bystander = await service.family();
    const [phone, laptop] = [await service.signIn(email), await service.signIn(email)];
    expect((await laptop.send('DELETE', '/api/sessions?everywhere=true')).status).toBe(204);
    expect((await phone.send('GET', '/api/sessions')).status).toBe(401);
    expect((await laptop.send('GET', '/api/sessions')).status).toBe(401);
    expect((await bystander.send('GET', '/api/sessions')).status).toBe(200);
  });

  test('answers 401 without a session', async () => {
    for (const method of ['GET', 'DELETE'] as const) {
      const { status, body } = await service.anonymous.send(method, '/api/sessions');
      expect([status, body.code]).toEqual([401, 'unauthenticated']);
    }
  });
});

test('over https the cookie is Secure and bound to the host', async () => {
  const secure = await startHarness({ env: { PUBLIC_ORIGIN: 'https://homeroom.example' } });
  try {
    const { cookie } = await secure.family();
    expect(cookie).toMatch(/^__Host-homeroom=/);
  } finally {
    await secure.close();
  }
});
