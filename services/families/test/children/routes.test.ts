import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startHarness, type Harness } from '../harness.ts';

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.close());

const maya = { name: 'Maya', birthDate: '2017-04-02' };

describe('POST …/children', () => {
  test('adds a child, raises the version, and publishes the family', async () => {
    const client = await service.family();
    const { id } = client.family;
    const { status, headers, body } = await client.send('POST', `/api/families/${id}/children`, maya);
    expect([status, headers['etag']]).toEqual([201, expect.stringMatching(/^"2-/)]);
    expect(body).toEqual({ id: expect.any(String), ...maya, familyId: id, familyVersion: 2 });
    const { body: family } = await client.send('GET', `/api/families/${id}`);
    expect(family.children).toEqual([{ id: body.id, ...maya }]);
    const published = (await service.outbox(id)).at(-1);
    expect(published?.type).toBe('homeroom.family.changed.v1');
    expect(published?.data.children).toEqual([{ childId: body.id, ...maya }]);
  });

  test('takes the same child once, also when asked twice at once', async () => {
    const client = await service.family();
    const url = `/api/families/${client.family.id}/children`;
    const answers = await Promise.all([1, 2, 3].map(() => client.send('POST', url, maya)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('child_exists');
  });

  test('answers the same twice with an Idempotency-Key', async () => {
    const client = await service.family();
    const url = `/api/families/${client.family.id}/children`;
    const headers = { 'idempotency-key': uuidv7() };
    const answers = await Promise.all([1, 2, 3].map(() => client.send('POST', url, maya, headers)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const other = await client.send('POST', url, { ...maya, name: 'Other' }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('keeps the same key of two families apart', async () => {
    const headers = { 'idempotency-key': 'one' };
    for (const client of [await service.family(), await service.family()]) {
      const { status, body } = await client.send('POST', `/api/families/${client.family.id}/children`, maya, headers);
      expect([status, body.familyId]).toEqual([201, client.family.id]);
    }
  });

  test('stops at twenty', async () => {
    const children = Array.from({ length: 20 }, (_, index) => ({ ...maya, name: `Child ${index}` }));
    const client = await service.family({ children });
    const { status, body } = await client.send('POST', `/api/families/${client.family.id}/children`, maya);
    expect([status, body.code]).toEqual([409, 'too_many_children']);
  });

  test.each([
    ['another case', 'JOSÉ', 'Joséphine'],
    ['no accent', 'Jose', 'Joan'],
    ['more spaces', ' José ', 'José Luis'],
  ])('refuses a child that is there in another spelling: %s', async (_what, name, neighbor) => {
    const client = await service.family({ children: [{ ...maya, name: 'José' }] });
    const url = `/api/families/${client.family.id}/children`;
    const { status, body } = await client.send('POST', url, { ...maya, name });
    const detail = 'José is in this family already, with the same birth date.';
    expect([status, body.code, body.detail]).toEqual([409, 'child_exists', detail]);
    expect((await client.send('POST', url, { ...maya, name: neighbor })).status).toBe(201);
    expect((await client.send('POST', url, { name, birthDate: '2018-04-02' })).status).toBe(201);
  });

  test('is done by a coordinator for any family', async () => {
    const { family } = await service.family();
    const coordinator = await service.coordinator();
    expect((await coordinator.send('POST', `/api/families/${family.id}/children`, maya)).status).toBe(201);
    const unknown = await coordinator.send('POST', `/api/families/${uuidv7()}/children`, maya);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'family_not_found']);
  });
});

describe('PATCH …/children/:id', () => {
  test('changes a child and nothing else', async () => {
    const client = await service.family({ children: [maya, { name: 'Ben', birthDate: '2015-01-31' }] });
    const [first, second] = client.family.children;
    const url = `/api/families/${client.family.id}/children/${first.id}`;
    const { status, headers, body } = await client.send('PATCH', url, { birthDate: '2017-05-02' });
    expect([status, headers['etag']]).toEqual([200, expect.stringMatching(/^"2-/)]);
    expect(body).toEqual({ ...first, birthDate: '2017-05-02', familyId: client.family.id, familyVersion: 2 });
    const { body: family } = await client.send('GET', `/api/families/${client.family.id}`);
    expect(family.children).toEqual([{ ...first, birthDate: '2017-05-02' }, second]);
  });

  test('refuses to make two children the same', async () => {
    const client = await service.family({ children: [maya, { ...maya, name: 'Ben' }] });
    const url = `/api/families/${client.family.id}/children/${client.family.children[1].id}`;
    const { status, body } = await client.send('PATCH', url, { name: 'Maya' });
    expect([status, body.code]).toEqual([409, 'child_exists']);
  });

  test('says 404 for a child of another family', async () => {
    const client = await service.family();
    const { family } = await service.family({ children: [maya] });
    const foreign = family.children[0].id;
    const { status, body } = await client.send('PATCH', `/api/families/${client.family.id}/children/${foreign}`, maya);
    expect([status, body.code]).toEqual([404, 'child_not_found']);
  });

  test('refuses with 412 when the family has changed', async () => {
    const client = await service.family({ children: [maya] });
    const url = `/api/families/${client.family.id}/children/${client.family.children[0].id}`;
    const { status } = await client.send('PATCH', url, { name: 'X' }, { 'if-match': '"7"' });
    expect(status).toBe(412);
  });
});

describe('DELETE …/children/:id', () => {
  test('removes a child and publishes the family', async () => {
    const client = await service.family({ children: [maya, { ...maya, name: 'Ben' }] });
    const { id, children } = client.family;
    const url = `/api/families/${id}/children/${children[0].id}`;
    const { status, headers } = await client.send('DELETE', url);
    expect([status, headers['etag']]).toEqual([204, '"2"']);
    expect((await client.send('GET', `/api/families/${id}`)).body.children).toEqual([children[1]]);
    expect((await service.outbox(id)).at(-1)?.data.children).toHaveLength(1);
    const again = await client.send('DELETE', url);
    expect([again.status, again.body.code]).toEqual([404, 'child_not_found']);
  });
});
