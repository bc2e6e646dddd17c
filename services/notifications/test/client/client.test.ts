import { Closing, generateTypedClient } from '@homeroom/testing';
import { afterAll, expect, test } from '@jest/globals';
import { receiveFamily } from '../../src/notifications/receive-event.ts';
import { aFamily, co, guardianOf, startHarness } from '../harness.ts';

const closing = new Closing();
afterAll(() => closing.closeAll());

test('a client generated from the OpenAPI document reads an inbox, marks it, and changes preferences', async () => {
  const harness = closing.add(await startHarness(), (it) => it.close());
  const { app } = harness;
  const document = await app.inject('/api/notifications/openapi.json');
  await using client = await generateTypedClient(document.json(), {
    program: new URL('journey.ts', import.meta.url),
    mistake: (program) => program.replace('{ confirmed: false }', "{ confirmed: 'no' }"),
  });
  expect(client.errors.sound).toEqual([]);
  expect(client.errors.mistaken).toEqual([
    expect.stringContaining("Type 'string' is not assignable to type 'boolean | undefined'"),
  ]);

  const family = aFamily();
  await receiveFamily(harness.db, co, family.registered());
  await harness.testDatabase.waitForReplica();
  const { cookie } = await harness.signedIn(guardianOf(family.familyId));
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  expect(await client.run({ ORIGIN: origin, COOKIE: cookie })).toBe('1 204 0 true false forbidden_role\n');
}, 60_000);
