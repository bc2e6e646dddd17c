import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { newEmail, password, registrationOf, startHarness, type Client, type Harness } from '../harness.ts';

let service: Harness;
let coordinator: Client;
beforeAll(async () => {
  service = await startHarness();
  coordinator = await service.coordinator();
});
afterAll(() => service.close());

const confirm = (token: string, client = service.anonymous) =>
  client.send('POST', '/api/email-verifications/confirm', { token });
const importing = (csv: string) => service.importing(csv, coordinator);
const rosterOf = (email: string): string =>
  `guardian_email,guardian_name,family_name,child_name,child_birth_date\n${email},Ngozi,Okafor,Maya,2017-04-02`;

describe('verification', () => {
  test('a registration asks for a mail with a link, and the link verifies the address once', async () => {
    const client = await service.family();
    expect(client.family.guardians[0]).toMatchObject({ emailVerified: false });
    const [token, ...more] = await service.tokens(client.email, 'verification');
    expect(more).toEqual([]);
    expect((await confirm(String(token))).status).toBe(204);
    const { body } = await client.send('GET', `/api/families/${client.family.id}`);
    expect(body).toMatchObject({ version: 2, guardians: [{ emailVerified: true }] });
    expect((await service.outbox(client.family.id)).map(({ type, data }) => [type, data.guardians])).toEqual([
      ['homeroom.family.registered.v1', [expect.objectContaining({ emailVerified: false })]],
      ['homeroom.family.changed.v1', [expect.objectContaining({ emailVerified: true })]],
    ]);
    const again = await confirm(String(token));
    expect([again.status, again.body.code]).toEqual([422, 'token_invalid']);
  });

  test('the token is nowhere but in its mail', async () => {
    const { email } = await service.family();
    const [token] = await service.tokens(email, 'verification');
    const [row] = await service.rows(`select
      (select string_agg(t::text, '') from account_tokens t) ||
      (select string_agg(convert_from(payload, 'UTF8') || headers::text, '') from outbox) as everything`);
    expect(String(row?.['everything'])).not.toContain(String(token).split('.')[1]);
  });

  test('of simultaneous confirmations one wins', async () => {
    const { email, family } = await service.family();
    const [token] = await service.tokens(email, 'verification');
    const answers = await Promise.all(Array.from({ length: 6 }, () => confirm(String(token))));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422, 422, 422, 422, 422]);
    expect(await service.outbox(family.id)).toHaveLength(2);
  });

  test('an unknown, a used, and an expired token, and one of another purpose, get one answer', async () => {
    const { email } = await service.family();
    const [expired = ''] = await service.tokens(email, 'verification');
    await service.rows(`update account_tokens set expires_at = now() - interval '1 second'`);
    await service.anonymous.send('POST', '/api/password-resets', { email });
    const [ofReset = ''] = await service.tokens(email, 'password-reset');
    const bodies = [];
    for (const token of [expired, ofReset, 'x', `${uuidv7()}.${'A'.repeat(43)}`]) {
      const { status, body } = await confirm(token);
      expect(status).toBe(422);
      bodies.push({ ...body, instance: '' });
    }
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
  });

  test('is sent again on request, until the address is verified', async () => {
    const client = await service.family();
    const resend = (body?: object) => client.send('POST', '/api/email-verifications', body);
    expect([(await resend()).status, (await resend({})).status]).toEqual([202, 202]);
    const tokens = await service.tokens(client.email, 'verification');
    expect(new Set(tokens).size).toBe(3);
    const limited = await resend();
    expect([limited.status, limited.body.code]).toEqual([429, 'too_many_mails']);
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(3_000);
    expect((await confirm(String(tokens[0]), client)).status).toBe(204);
    expect((await client.send('GET', `/api/families/${client.family.id}`)).body).toMatchObject({ version: 2 });
    const verified = await resend();
    expect([verified.status, verified.body.code]).toEqual([409, 'already_verified']);
    expect((await confirm(String(tokens[1]))).status).toBe(204);
    expect(await service.outbox(client.family.id)).toHaveLength(2);
    expect((await service.anonymous.send('POST', '/api/email-verifications')).status).toBe(401);
  });

  test('an imported family is vouched for, and so is a coordinator', async () => {
    const email = newEmail();
    await importing(rosterOf(email));
    expect(await service.tokens(email, 'verification')).toEqual([]);
    const rows = await service.rows('select email_verified_at from accounts where email_address = $1', email);
    expect(rows).toEqual([{ email_verified_at: expect.any(Date) }]);
    expect((await coordinator.send('POST', '/api/email-verifications')).body.code).toBe('already_verified');
  });
});

describe('S1: an import into a family that registered itself', () => {
  test('is rejected while the address is unverified, changes and reveals nothing, and is taken after that', async () => {
    const client = await service.family({ name: 'Stranger', children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
    const { email, family } = client;
    const events = (await service.outbox()).length;
    for (const child of ['Maya', 'Someone else']) {
      const { status, body } = await importing(rosterOf(email).replace('Maya', child));
      expect(status).toBe(200);
      const reason = expect.stringContaining('not verified');
      const rejected = { line: 2, field: 'guardian_email', reason, value: email };
      expect(body).toMatchObject({ created: 0, updated: 0, unchanged: 0, rejected: [rejected] });
      expect((body as { rows?: unknown }).rows).toEqual([{ ...rejected, action: 'rejected' }]);
      expect(JSON.stringify(body)).not.toMatch(new RegExp(`Stranger|${family.id}`));
    }
    expect((await client.send('GET', `/api/families/${family.id}`)).body).toEqual(family);
    expect(await service.outbox()).toHaveLength(events);
    await service.verify(email);
    expect((await importing(rosterOf(email).replace('Maya', 'Ben'))).body).toMatchObject({ updated: 1, rejected: [] });
  });

  test('the control: a family that is verified gets the child', async () => {
    const { email, family } = await service.family();
    await service.rows('update accounts set email_verified_at = now() where email_address = $1', email);
    expect((await importing(rosterOf(email))).body).toMatchObject({ updated: 1 });
    expect(await service.rows('select name from children where family_id = $1', family.id)).toHaveLength(1);
  });

  test('the owner of an address gets it back from a stranger who registered with it first', async () => {
    const email = newEmail();
    const squatter = await service.family({ guardian: { name: 'Squatter', email, password } });
    expect((await importing(rosterOf(email))).body.rejected).toHaveLength(1);

    const owner = registrationOf({ guardian: { name: 'Ngozi', email, password: 'an owner of this mailbox' } });
    expect((await service.anonymous.send('POST', '/api/families', owner)).body.code).toBe('email_taken');
    await service.anonymous.send('POST', '/api/password-resets', { email });
    const [token] = await service.tokens(email, 'password-reset');
    const reset = { token, password: 'an owner of this mailbox' };
    expect((await service.anonymous.send('POST', '/api/password-resets/confirm', reset)).status).toBe(204);

    expect((await squatter.send('GET', '/api/sessions')).status).toBe(401);
    await expect(service.signIn(email, password)).rejects.toThrow('401');
    const ngozi = await service.signIn(email, 'an owner of this mailbox');
    const url = `/api/families/${squatter.family.id}`;
    expect((await ngozi.send('GET', url)).body.guardians[0].emailVerified).toBe(true);
    expect((await importing(rosterOf(email))).body).toMatchObject({ updated: 1, rejected: [] });
    expect((await ngozi.send('GET', url)).body.children).toMatchObject([{ name: 'Maya' }]);
    expect((await squatter.send('GET', url)).status).toBe(401);
  });
});

describe('S6: mails that strangers can have sent', () => {
  const register = (email: string) =>
    service.anonymous.send('POST', '/api/families', registrationOf({ guardian: { name: 'N', email, password } }));

  test('five registrations of one mailbox are five families and three mails', async () => {
    const mailbox = newEmail();
    const emails = Array.from({ length: 5 }, (_, n) => mailbox.replace('@', `+${n}@`));
    const statuses = [];
    for (const email of emails) statuses.push((await register(email)).status);
    expect(statuses).toEqual([201, 201, 201, 201, 201]);
    const mails = await Promise.all(emails.map((email) => service.tokens(email, 'verification')));
    expect(mails.map(({ length }) => length)).toEqual([1, 1, 1, 0, 0]);
    // the owner sees the limit where they ask for the mail, and has another way in
    const last = String(emails[4]);
    const client = await service.signIn(last);
    expect((await client.send('POST', '/api/email-verifications')).body.code).toBe('too_many_mails');
    await service.anonymous.send('POST', '/api/password-resets', { email: last });
    expect(await service.tokens(last, 'password-reset')).toHaveLength(1);
  });

  test('a registration that is refused uses up no mail of the owner', async () => {
    const client = await service.family();
    for (let time = 0; time < 5; time++) expect((await register(client.email)).status).toBe(409);
    expect((await client.send('POST', '/api/email-verifications')).status).toBe(202);
  });

  test('one client address has so many mails in an hour', async () => {
    const bounded = await startHarness({ env: { ACCOUNT_MAILS_PER_ADDRESS: '2' } });
    try {
      const families = [await bounded.family(), await bounded.family(), await bounded.family()];
      const mails = await Promise.all(families.map(({ email }) => bounded.tokens(email, 'verification')));
      expect(mails.map(({ length }) => length)).toEqual([1, 1, 0]);
    } finally {
      await bounded.close();
    }
  });

  test('the control: without a limit every registration mails', async () => {
    const open = await startHarness({ env: { ACCOUNT_MAILS_PER_MAILBOX: '0' } });
    try {
      const emails = Array.from({ length: 5 }, (_, n) => `someone+${n}@example.org`);
      for (const email of emails) await open.family({ guardian: { name: 'N', email, password } });
      const mails = await Promise.all(emails.map((email) => open.tokens(email, 'verification')));
      expect(mails.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
    } finally {
      await open.close();
    }
  });
});
