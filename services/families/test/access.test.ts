import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startApp, type Client, type TestApp } from './app.ts';

let service: TestApp;
let owner: Awaited<ReturnType<TestApp['family']>>;
let clients: Record<'anonymous' | 'stranger' | 'owner' | 'coordinator', Client>;
beforeAll(async () => {
  service = await startApp();
  owner = await service.family({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
  clients = {
    anonymous: service.anonymous,
    stranger: await service.family(),
    owner,
    coordinator: await service.coordinator(),
  };
});
afterAll(() => service.close());

const child = () => ({ name: `Child ${uuidv7()}`, birthDate: '2017-04-02' });

describe.each([
  ['GET /api/families/:id', (c: Client) => c.send('GET', `/api/families/${owner.family.id}`), 404, 200, 200],
  [
    'PATCH /api/families/:id',
    (c: Client) => c.send('PATCH', `/api/families/${owner.family.id}`, { name: uuidv7() }),
    404,
    200,
    200,
  ],
  [
    'POST /api/families/:id/children',
    (c: Client) => c.send('POST', `/api/families/${owner.family.id}/children`, child()),
    404,
    201,
    201,
  ],
  [
    'PATCH /api/families/:id/children/:childId',
    (c: Client) => c.send('PATCH', `/api/families/${owner.family.id}/children/${owner.family.children[0].id}`, child()),
    404,
    200,
    200,
  ],
  [
    'DELETE /api/families/:id/children/:childId',
    (c: Client) => c.send('DELETE', `/api/families/${owner.family.id}/children/${uuidv7()}`),
    404,
    404,
    404,
  ],
  ['GET /api/families', (c: Client) => c.send('GET', '/api/families'), 403, 403, 200],
  [
    'POST /api/families/import',
    (c: Client) =>
      c.send('POST', '/api/families/import', 'guardian_email,guardian_name,family_name', {
        'content-type': 'text/csv',
      }),
    403,
    403,
    200,
  ],
  ['GET /api/sessions', (c: Client) => c.send('GET', '/api/sessions'), 200, 200, 200],
])('%s', (_route, send, stranger, ofOwner, coordinator) => {
  test.each([
    ['anonymous', 401],
    ['stranger', stranger],
    ['owner', ofOwner],
    ['coordinator', coordinator],
  ] as const)('says to %s %i', async (who, expected) => {
    const { status, body } = await send(clients[who]);
    expect(status).toBe(expected);
    if (who === 'anonymous' || who === 'stranger') expect(JSON.stringify(body)).not.toContain(owner.email);
  });
});

test('a family that is somebody else’s and one that does not exist look the same', async () => {
  const answers = [];
  for (const id of [owner.family.id, uuidv7()]) {
    const { status, headers, body } = await clients.stranger.send('GET', `/api/families/${id}`);
    answers.push({ status, etag: headers['etag'], ...body, instance: undefined });
  }
  expect(answers[0]).toEqual(answers[1]);
});

test('a family that was deleted takes its sessions’ reach along', async () => {
  const gone = await service.family();
  await service.rows('delete from families where id = $1', [gone.family.id]);
  expect((await gone.send('GET', `/api/families/${gone.family.id}`)).status).toBe(404);
  await expect(service.signIn(gone.email)).rejects.toThrow('401');
});
