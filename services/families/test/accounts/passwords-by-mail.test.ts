import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newEmail, password, startHarness, type Guardian, type Harness } from '../harness.ts';

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.close());

const another = 'another long password';
const request = (email: string) => service.anonymous.send('POST', '/api/password-resets', { email });
const confirm = (token: string | undefined, secret = another) =>
  service.anonymous.send('POST', '/api/password-resets/confirm', { token, password: secret });
const eventsOf = async (account: Guardian): Promise<string[]> =>
  (await service.outbox(account.family.guardians[0].id)).map(({ type }) => type);

describe('a password reset', () => {
  test('sets the password, verifies the address, ends every session, and is published', async () => {
    const client = await service.family();
    const other = await service.signIn(client.email);
    expect((await request(client.email)).status).toBe(202);
    const [token] = await service.tokens(client.email, 'password-reset');
    expect((await confirm(token)).status).toBe(204);
    for (const session of [client, other]) expect((await session.send('GET', '/api/sessions')).status).toBe(401);
    await expect(service.signIn(client.email)).rejects.toThrow('401');
    const again = await service.signIn(client.email, another);
    expect((await again.send('GET', `/api/families/${client.family.id}`)).body.guardians[0].emailVerified).toBe(true);
    expect(await eventsOf(client)).toEqual([
      'homeroom.account.verification-requested.v1',
      'homeroom.account.password-reset-requested.v1',
      'homeroom.account.password-changed.v1',
    ]);
  });

  test('is for coordinators too, and for an imported family that never had a password', async () => {
    const coordinator = await service.coordinator();
    const email = newEmail();
    const csv = `guardian_email,guardian_name,family_name\n${email},G,F`;
    await service.importing(csv, coordinator);
    await request(email);
    const [token] = await service.tokens(email, 'password-reset');
    expect((await confirm(token)).status).toBe(204);
    await service.signIn(email, another);
  });

  test('works once, also for two at a time, and makes older links worthless', async () => {
    const { email } = await service.family();
    await request(email);
    await request(email);
    const [older, newer] = await service.tokens(email, 'password-reset');
    const answers = await Promise.all(Array.from({ length: 4 }, () => confirm(newer)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422, 422, 422]);
    const late = await confirm(older);
    expect([late.status, late.body.code]).toEqual([422, 'token_invalid']);
  });

  test('that is refused for its password leaves the link usable', async () => {
    const { email } = await service.family();
    await request(email);
    const [token] = await service.tokens(email, 'password-reset');
    expect((await confirm(token, 'short')).status).toBe(422);
    expect((await confirm(token)).status).toBe(204);
  });

  test('does and answers the same for an address without an account', async () => {
    const { email } = await service.family();
    const known = await service.counter.during(() => request(email));
    const unknown = await service.counter.during(() => request(newEmail()));
    expect(known.names).toEqual(['insert_account_token_by_email']);
    expect(unknown.names).toEqual(known.names);
    const comparable = ({ status, headers, body }: typeof known.result): unknown => {
      const { date, 'x-request-id': id, ...rest } = headers;
      expect([typeof date, typeof id]).toEqual(['string', 'string']);
      return { status, headers: rest, body };
    };
    expect(comparable(unknown.result)).toEqual(comparable(known.result));
    expect(known.result.body).toEqual({});
  });

  test('writes a row in both cases, so that both wait for the disk, and a mail in one', async () => {
    const { email } = await service.family();
    const counts = async () => {
      const [row] = await service.rows(
        'select (select count(*)::int from account_tokens) as tokens, (select count(*)::int from outbox) as mails',
      );
      return [Number(row?.['tokens']), Number(row?.['mails'])] as const;
    };
    const [tokens, mails] = await counts();
    await request(newEmail());
    expect(await counts()).toEqual([tokens + 1, mails]);
    await request(email);
    expect(await counts()).toEqual([tokens + 2, mails + 1]);
  });

  test('is mailed three times an hour at most, and answers as before', async () => {
    const { email } = await service.family();
    const answers = [];
    for (let time = 0; time < 5; time++) answers.push((await request(email)).status);
    expect(answers).toEqual([202, 202, 202, 202, 202]);
    expect(await service.tokens(email, 'password-reset')).toHaveLength(3);
  });

  test('of tags that do not exist uses up no mail of the address itself', async () => {
    const { email } = await service.family();
    for (let tag = 0; tag < 5; tag++) await request(email.replace('@', `+${tag}@`));
    await request(email);
    expect(await service.tokens(email, 'password-reset')).toHaveLength(1);
  });
});

describe('a password change', () => {
  const change = (client: Guardian, currentPassword: string, secret = another) =>
    client.send('PUT', '/api/account/password', { currentPassword, password: secret });

  test('ends every other session and gives this one a new cookie', async () => {
    const client = await service.family();
    const other = await service.signIn(client.email);
    const { status, headers } = await change(client, password);
    expect(status).toBe(204);
    for (const session of [client, other]) expect((await session.send('GET', '/api/sessions')).status).toBe(401);
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    const { body } = await service.anonymous.send('GET', '/api/sessions', undefined, { cookie });
    expect(body.sessions).toHaveLength(1);
    await service.signIn(client.email, another);
    await expect(service.signIn(client.email)).rejects.toThrow('401');
    expect((await eventsOf(client)).at(-1)).toBe('homeroom.account.password-changed.v1');
  });

  test('needs the current password, and guessing it is limited as signing in is', async () => {
    const client = await service.family();
    const codes = [];
    for (let time = 0; time < 11; time++) codes.push((await change(client, 'a wrong password')).body.code);
    expect(codes).toEqual([...Array<string>(10).fill('wrong_password'), 'too_many_attempts']);
    expect((await client.send('GET', '/api/sessions')).status).toBe(200);
  });

  test('needs a session', async () => {
    const given = { currentPassword: password, password: another };
    expect((await service.anonymous.send('PUT', '/api/account/password', given)).status).toBe(401);
  });
});
