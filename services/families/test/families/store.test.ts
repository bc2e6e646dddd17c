import { isRefused } from '@homeroom/chassis';
import { append } from '@homeroom/outbox';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { familyEvent, newFamily } from '../../src/families/family.ts';
import type { Family } from '../../src/families/schemas.ts';
import { insertFamilies } from '../../src/families/store.ts';
import { newEmail, registrationOf, startHarness, type Harness } from '../harness.ts';

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.close());

const aFamily = (): Family => {
  const decision = newFamily({ name: 'Okafor', guardian: { name: 'N', email: newEmail() } });
  if (isRefused(decision)) throw new Error(decision.code);
  return decision;
};
const event = (family: Family) => familyEvent('homeroom.family.registered.v1', family);

describe('when the event cannot be written', () => {
  beforeEach(() => service.rows('delete from outbox'));

  const whileOutboxRefuses = async (work: () => Promise<void>): Promise<void> => {
    await service.rows('alter table outbox add constraint refuses check (false) not valid');
    try {
      await work();
    } finally {
      await service.rows('alter table outbox drop constraint refuses');
    }
  };

  test('there is no family either', async () => {
    const family = aFamily();
    await whileOutboxRefuses(async () => {
      await expect(
        insertFamilies(service.db, [{ family, passwordHash: null, event: event(family) }]),
      ).rejects.toThrow();
      const answer = await service.anonymous.send('POST', '/api/families', registrationOf({ name: 'Never' }));
      expect([answer.status, answer.body.code]).toEqual([500, 'internal']);
    });
    const everything = `select id from families where name = 'Never' or id = $1
      union all select id from accounts where family_id = $1 union all select id from guardians where family_id = $1`;
    expect(await service.rows(everything, family.id)).toEqual([]);
  });

  test('a change of a family is not there either', async () => {
    const client = await service.family();
    const url = `/api/families/${client.family.id}`;
    await whileOutboxRefuses(async () => {
      expect((await client.send('PATCH', url, { name: 'Other' })).status).toBe(500);
      const child = { name: 'Maya', birthDate: '2017-04-02' };
      expect((await client.send('POST', `${url}/children`, child, { 'idempotency-key': 'k' })).status).toBe(500);
    });
    expect((await client.send('GET', url)).body).toEqual(client.family);
    expect(await service.rows(`select from idempotency_keys where key = 'k'`)).toEqual([]);
  });

  test('without the one statement the family would exist without its event', async () => {
    const family = aFamily();
    await whileOutboxRefuses(async () => {
      await service.rows(
        `insert into families (id, version, name, search_words, sort_name) values ($1, 1, 'X', '', '')`,
        family.id,
      );
      await expect(append(service.db, event(family))).rejects.toThrow();
    });
    expect(await service.rows('select from families where id = $1', family.id)).toHaveLength(1);
    expect(await service.outbox(family.id)).toEqual([]);
  });
});

test('writes of several families, with those whose email is taken, the others and their events', async () => {
  const [taken, free] = [aFamily(), aFamily()];
  const first = { family: taken, passwordHash: null, event: event(taken) };
  await insertFamilies(service.db, [first]);
  const again = {
    ...aFamily(),
    guardians: taken.guardians.map((guardian) => ({ ...guardian, id: crypto.randomUUID() })),
  };
  const written = await insertFamilies(service.db, [
    { family: again, passwordHash: null, event: event(again) },
    { family: free, passwordHash: null, event: event(free) },
  ]);
  expect([...written]).toEqual([free.id]);
  expect(await service.outbox(again.id)).toEqual([]);
  expect(await service.outbox(free.id)).toHaveLength(1);
});
