import { firstCoopId as coopId } from '@homeroom/contracts';
import type { Principal } from '@homeroom/sessions';
import {
  accessMatrix,
  signInCallers,
  type AccessRow,
  type AccessWorld,
  type Caller,
  type ExpectedAnswer,
} from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import {
  newEmail,
  password,
  registrationOf,
  startHarness,
  type Client,
  type Guardian,
  type Harness,
} from './harness.ts';

interface World extends AccessWorld {
  readonly service: Harness;
  readonly owner: Guardian;
  readonly other: Guardian;
  readonly desk: Client;
  readonly deskEmail: string;
  readonly principals: Readonly<Record<'guardian' | 'stranger' | 'coordinator' | 'operator', Principal>>;
}

type Row = AccessRow<World>;

let world: World;
beforeAll(async () => {
  // every registration comes from one address here
  const service = await startHarness({ env: { ACCOUNT_MAILS_PER_ADDRESS: '0' } });
  const family = (name: string): Promise<Guardian> =>
    service.family({
      name,
      guardian: { name: `Guardian ${name}`, email: newEmail(), password },
      children: [{ name: `Child ${name}`, birthDate: '2017-04-02' }],
    });
  const [owner, other] = [await family('Kolibri'), await family('Zaunkoenig')];
  const desk = await service.coordinator();
  await service.operator();
  const operatorAccount = (await service.rows(`select id from accounts where role = 'operator'`))[0];
  const deskAccount = (
    await service.rows(`select id, email_address as email from accounts where role = 'coordinator'`)
  )[0];
  const principals: World['principals'] = {
    guardian: { role: 'guardian', coopId, accountId: owner.family.guardians[0].id, familyId: owner.family.id },
    stranger: { role: 'guardian', coopId, accountId: other.family.guardians[0].id, familyId: other.family.id },
    coordinator: { role: 'coordinator', coopId, accountId: String(deskAccount?.['id']) },
    operator: { role: 'operator', accountId: String(operatorAccount?.['id']) },
  };
  const secretsOf = ({ family: { id, name, guardians }, email }: Guardian): string[] => [
    id,
    email,
    name,
    guardians[0].id,
  ];
  world = {
    app: service.app,
    rows: (text) => service.rows(text),
    cookies: await signInCallers(service.openSessions, principals),
    secrets: { guardian: secretsOf(owner), stranger: secretsOf(other) },
    deskEmail: String(deskAccount?.['email']),
    ...{ service, owner, other, desk, principals },
  };
});
afterAll(() => world.service.close());

const aCoop = () => ({
  slug: 'birch',
  name: 'Birch Co-op',
  ...{ timeZone: 'Europe/London', currency: 'GBP', locale: 'en-GB' },
});
const child = () => ({ name: `Child ${uuidv7()}`, birthDate: '2017-04-02' });
const familyUrl = ({ owner }: World): string => `/api/families/${owner.family.id}`;
/** A new child of the owner's; the family stays small. */
async function addChild(
  { owner, service }: World,
  payload = child(),
  headers?: Record<string, string>,
): Promise<string> {
  await service.rows('delete from children where family_id = $1', owner.family.id);
  return (await owner.send('POST', `/api/families/${owner.family.id}/children`, payload, headers)).body.id;
}
const importing = (...rows: string[]) => ({
  url: '/api/families/import',
  payload: ['guardian_email,guardian_name,family_name,child_name,child_birth_date', ...rows].join('\n'),
});

/** A session of the caller's account that a cell may end. */
async function disposable({ service, principals }: World, as: Caller): Promise<Record<string, string>> {
  const principal = Object.entries(principals).find(([caller]) => caller === as)?.[1];
  if (principal === undefined) return {};
  return { cookie: `homeroom=${(await service.openSessions().create(principal)).token}` };
}

const newPassword = 'seven quiet otters by the river';

/** Registers a family that is not signed in. */
async function register({ service }: World): Promise<string> {
  const registration = registrationOf();
  await service.anonymous.send('POST', '/api/families', registration);
  return registration.guardian.email;
}

/** A token of a verification mail of a new family. */
async function verificationToken(it: World): Promise<string> {
  const [email, { service }] = [await register(it), it];
  return (await service.tokens(email, 'verification')).at(-1) ?? '';
}

/** A new family that has asked for a reset of its password, and the token of the mail. */
async function requestReset(it: World): Promise<{ readonly email: string; readonly token: string }> {
  const [email, { service }] = [await register(it), it];
  await service.anonymous.send('POST', '/api/password-resets', { email });
  return { email, token: (await service.tokens(email, 'password-reset')).at(-1) ?? '' };
}

const confirming = (url: string, token: string, to?: string) => ({
  method: 'POST' as const,
  url,
  payload: { token, ...(to === undefined ? {} : { password: to }) },
});
const tokenInvalid: Row['answers'] = {
  nobody: '422 token_invalid',
  stranger: '422 token_invalid',
  coordinator: '422 token_invalid',
};

const unsigned = '401 unauthenticated';
const noOperator = { operator: '403 forbidden_role' } as const;
const ofFamily = (status: number): Row['answers'] => ({
  unsigned,
  stranger: '404 family_not_found',
  guardian: status,
  coordinator: status,
  ...noOperator,
});
const forCoordinators: Row['answers'] = {
  unsigned,
  stranger: '403 forbidden_role',
  guardian: '403 forbidden_role',
  coordinator: 200,
  ...noOperator,
};
const forOperators = (answer: ExpectedAnswer): Row['answers'] => ({
  unsigned,
  stranger: '403 forbidden_role',
  guardian: '403 forbidden_role',
  coordinator: '403 forbidden_role',
  operator: answer,
});
const forAll = (status: number): Row['answers'] => ({
  unsigned: status,
  stranger: status,
  guardian: status,
  coordinator: status,
  operator: status,
});

const matrix = accessMatrix<World>(
  {
    'POST /api/families': {
      request: () => ({ url: '/api/families', payload: registrationOf() }),
      answers: forAll(201),
    },
    'GET /api/families': { request: () => ({ url: '/api/families' }), answers: forCoordinators },
    'POST /api/families/import': {
      request: () => importing(`${newEmail()},A,B,,`),
      answers: { ...forCoordinators, coordinator: 202 },
    },
    'GET /api/families/import/{importId}': {
      request: async ({ service, desk }) => {
        const { url, payload } = importing(`${newEmail()},A,B,,`);
        const { body } = await desk.send('POST', url, payload, { 'content-type': 'text/csv' });
        await service.runImports();
        return { url: `${url}/${body.id}` };
      },
      answers: forCoordinators,
    },
    'GET /api/families/{familyId}': { request: (it) => ({ url: familyUrl(it) }), answers: ofFamily(200) },
    'PATCH /api/families/{familyId}': {
      request: (it) => ({ url: familyUrl(it), payload: { address: { city: uuidv7() } } }),
      answers: ofFamily(200),
    },
    'POST /api/families/{familyId}/children': {
      request: (it) => ({ url: `${familyUrl(it)}/children`, payload: child() }),
      answers: ofFamily(201),
    },
    'PATCH /api/families/{familyId}/children/{childId}': {
      request: async (it) => ({ url: `${familyUrl(it)}/children/${await addChild(it)}`, payload: child() }),
      answers: ofFamily(200),
    },
    'DELETE /api/families/{familyId}/children/{childId}': {
      request: async (it) => ({ url: `${familyUrl(it)}/children/${await addChild(it)}` }),
      answers: ofFamily(204),
    },
    'POST /api/sessions': {
      // signing in ends the session that a browser has: not one of the world's
      request: async (it) => ({
        url: '/api/sessions',
        payload: { email: await register(it), password },
        headers: { cookie: '' },
      }),
      answers: forAll(201),
    },
    'GET /api/sessions': {
      request: () => ({ url: '/api/sessions' }),
      answers: { unsigned, stranger: 200, guardian: 200, coordinator: 200, operator: 200 },
    },
    'DELETE /api/sessions': {
      request: async (it, as) => ({ url: '/api/sessions', headers: await disposable(it, as) }),
      answers: { unsigned, stranger: 204, guardian: 204, coordinator: 204, operator: 204 },
    },
    'POST /api/email-verifications': {
      request: () => ({ url: '/api/email-verifications' }),
      answers: {
        unsigned,
        stranger: 202,
        guardian: 202,
        coordinator: '409 already_verified',
        operator: '409 already_verified',
      },
    },
    'POST /api/email-verifications/confirm': {
      request: async (it) => confirming('/api/email-verifications/confirm', await verificationToken(it)),
      answers: forAll(204),
    },
    'POST /api/password-resets': {
      request: async (it) => ({ url: '/api/password-resets', payload: { email: await register(it) } }),
      answers: forAll(202),
    },
    'POST /api/password-resets/confirm': {
      request: async (it) => confirming('/api/password-resets/confirm', (await requestReset(it)).token, newPassword),
      answers: forAll(204),
    },
    'PUT /api/account/password': {
      request: async ({ service }, as) => {
        const payload = { currentPassword: password, password: newPassword };
        if (as !== 'coordinator' && as !== 'operator' && as !== 'guardian' && as !== 'stranger')
          return { url: '/api/account/password', payload };
        // an account of its own: the password of the others is needed
        const { cookie = '' } = await (as === 'coordinator' || as === 'operator' ? service[as]() : service.family());
        return { url: '/api/account/password', payload, headers: { cookie } };
      },
      answers: { unsigned, stranger: 204, guardian: 204, coordinator: 204, operator: 204 },
    },
    'GET /api/coop': { request: () => ({ url: '/api/coop' }), answers: forAll(200) },
    'GET /api/coops': { request: () => ({ url: '/api/coops' }), answers: forOperators(200) },
    'POST /api/coops': {
      request: () => ({ url: '/api/coops', payload: aCoop() }),
      answers: forOperators('409 coops_limit'),
    },
    'GET /api/coops/{slug}': { request: () => ({ url: '/api/coops/homeroom' }), answers: forOperators(200) },
    'PATCH /api/coops/{slug}': {
      request: () => ({ url: '/api/coops/homeroom', payload: { name: uuidv7() } }),
      answers: forOperators(200),
    },
    'POST /api/coops/{slug}/suspend': {
      request: () => ({ url: '/api/coops/homeroom/suspend' }),
      answers: forOperators(200),
    },
    'POST /api/coops/{slug}/resume': {
      request: () => ({ url: '/api/coops/homeroom/resume' }),
      answers: forOperators(200),
    },
  },
  {
    'GET /api/families/{familyId}: the ETag of another family': {
      request: async (it) => {
        const { headers } = await it.owner.send('GET', familyUrl(it));
        return { method: 'GET', url: familyUrl(it), headers: { 'if-none-match': String(headers['etag']) } };
      },
      answers: ofFamily(304),
    },
    'PATCH /api/families/{familyId}: the ETag of another family': {
      request: async (it) => {
        const { headers } = await it.owner.send('GET', familyUrl(it));
        return {
          method: 'PATCH',
          url: familyUrl(it),
          headers: { 'if-match': String(headers['etag']) },
          payload: { address: { city: uuidv7() } },
        };
      },
      answers: { unsigned, stranger: '404 family_not_found' },
    },
    'GET /api/families: the cursor of a coordinator': {
      request: async ({ desk }) => {
        const { body } = await desk.send('GET', '/api/families?limit=1');
        return { method: 'GET', url: `/api/families?limit=1&cursor=${body.nextCursor}` };
      },
      answers: forCoordinators,
    },
    'S2: POST /api/families/{familyId}/children: a replay with the key and body of the family': {
      request: async (it) => {
        const [payload, headers] = [child(), { 'idempotency-key': uuidv7() }];
        await addChild(it, payload, headers);
        return { method: 'POST', url: `${familyUrl(it)}/children`, payload, headers };
      },
      answers: { unsigned, stranger: '404 family_not_found', guardian: 201 },
      writes: 'never',
    },
    'S2: POST /api/families/{familyId}/children: the key of another family with a body of one’s own': {
      request: async (it) => {
        const headers = { 'idempotency-key': uuidv7() };
        await addChild(it, child(), headers);
        return { method: 'POST', url: `/api/families/${it.other.family.id}/children`, payload: child(), headers };
      },
      answers: { unsigned, stranger: 201, guardian: '404 family_not_found' },
    },
    'S2: POST /api/families: the key and address of another family, without its password': {
      request: async (it) => {
        const registration = registrationOf({ name: 'Kolibri', children: [child()] });
        const headers = { 'idempotency-key': uuidv7() };
        expect((await it.service.anonymous.send('POST', '/api/families', registration, headers)).status).toBe(201);
        const guessed = { ...registration, guardian: { ...registration.guardian, password: 'another long password' } };
        return { method: 'POST', url: '/api/families', payload: guessed, headers };
      },
      answers: { nobody: '422 idempotency_key_reused', stranger: '422 idempotency_key_reused' },
    },
    'S1: POST /api/families: an address that has an account': {
      request: ({ owner }) => {
        const guardian = { ...registrationOf().guardian, email: owner.email.toUpperCase() };
        return { method: 'POST', url: '/api/families', payload: registrationOf({ guardian }) };
      },
      answers: { nobody: '409 email_taken', stranger: '409 email_taken', coordinator: '409 email_taken' },
    },
    'S1: POST /api/email-verifications/confirm: a token that was used': {
      request: async (it) => {
        const sent = confirming('/api/email-verifications/confirm', await verificationToken(it));
        await it.service.anonymous.send('POST', sent.url, sent.payload);
        return sent;
      },
      answers: tokenInvalid,
    },
    'S1: POST /api/email-verifications/confirm: the token of a password reset': {
      request: async (it) => confirming('/api/email-verifications/confirm', (await requestReset(it)).token),
      answers: tokenInvalid,
    },
    'S10: POST /api/password-resets/confirm: the token of a verification': {
      request: async (it) => confirming('/api/password-resets/confirm', await verificationToken(it), newPassword),
      answers: tokenInvalid,
    },
    'S10: POST /api/password-resets/confirm: a token that was used': {
      request: async (it) => {
        const sent = confirming('/api/password-resets/confirm', (await requestReset(it)).token, newPassword);
        await it.service.anonymous.send('POST', sent.url, sent.payload);
        return sent;
      },
      answers: tokenInvalid,
    },
    'S10: POST /api/password-resets: an address without an account': {
      request: () => ({ method: 'POST', url: '/api/password-resets', payload: { email: newEmail() } }),
      answers: forAll(202),
    },
    'S10: POST /api/sessions: the password from before a reset': {
      request: async (it) => {
        const { email, token } = await requestReset(it);
        await it.service.anonymous.send('POST', '/api/password-resets/confirm', { token, password: newPassword });
        return { method: 'POST', url: '/api/sessions', payload: { email, password } };
      },
      answers: { nobody: '401 wrong_credentials', stranger: '401 wrong_credentials' },
    },
    'S3: GET /api/sessions: a session from before a reset': {
      request: async (it) => {
        const { email, token } = await requestReset(it);
        const { cookie = '' } = await it.service.signIn(email);
        await it.service.anonymous.send('POST', '/api/password-resets/confirm', { token, password: newPassword });
        return { method: 'GET', url: '/api/sessions', headers: { cookie } };
      },
      answers: { nobody: unsigned },
    },
    'S10: PUT /api/account/password: without the current password': {
      request: async ({ service }) => ({
        method: 'PUT',
        url: '/api/account/password',
        payload: { currentPassword: 'a guess at the password', password: newPassword },
        headers: { cookie: (await service.family()).cookie ?? '' },
      }),
      answers: { guardian: '403 wrong_password' },
    },
  },
);

describe('who may do what', () => {
  test.each(matrix.cells)('$route as $as: $answer', (cell) => cell.check(world));

  test('every route of the document is in the table', () =>
    matrix.checkRoutes(world.app, '/api/families/openapi.json'));
});

test('another guardian’s family and one that does not exist get the same answer', async () => {
  const answers = [];
  for (const id of [world.owner.family.id, uuidv7()]) {
    const { status, headers, body } = await world.other.send('GET', `/api/families/${id}`);
    answers.push({ status, etag: headers['etag'], ...body, instance: undefined });
  }
  expect(answers[0]).toEqual(answers[1]);
});

test('a session does not outlive its deleted family', async () => {
  const { service } = world;
  const deleted = await service.family();
  await service.rows('delete from families where id = $1', deleted.family.id);
  expect((await deleted.send('GET', `/api/families/${deleted.family.id}`)).status).toBe(404);
  await expect(service.signIn(deleted.email)).rejects.toThrow('401');
});
