import { afterAll, expect, test } from '@jest/globals';
import { Closing, fuzzRoutes, openApiMistakes } from '@homeroom/testing';
import { addDeadLetter, listDeadLetters } from '../src/dead-letters/store.ts';
import { receiveFamily } from '../src/notifications/receive-event.ts';
import { aDeadLetter } from './dead-letters/a-dead-letter.ts';
import { aFamily, co, guardianOf, someCoordinator, startHarness } from './harness.ts';

const closing = new Closing();
afterAll(() => closing.closeAll());

const openapiPath = '/api/notifications/openapi.json';

test('every response to any request is as the OpenAPI document describes it, and none is a 5xx', async () => {
  const harness = closing.add(await startHarness(), (it) => it.close());
  const { app } = harness;
  const document = await app.inject(openapiPath);
  expect(await openApiMistakes(document.json())).toEqual([]);

  const [family, other] = [aFamily(), aFamily()];
  const guardian = await harness.signedIn(guardianOf(family.familyId));
  const coordinator = await harness.signedIn(someCoordinator());
  const notifications = await receiveFamily(harness.db, co, family.registered());
  await receiveFamily(harness.db, co, other.registered());
  await addDeadLetter(harness.db, aDeadLetter());
  // of another family: the preferences of this one are changed, and the address of its calendar with them
  const reader = await harness.signedIn(guardianOf(other.familyId));
  const preferences = await app.inject({ url: '/api/notification-preferences', headers: reader });
  const { calendarUrl } = preferences.json<{ calendarUrl: string }>();
  await harness.testDatabase.waitForReplica();
  const letters = await listDeadLetters(harness.db, { limit: 10 });
  const ids = [...notifications, ...letters].map(({ id }) => id);

  let sent = 0;
  const { routes } = await fuzzRoutes(app, {
    openapiPath,
    runsPerRoute: 90,
    headers: () => [guardian, coordinator, guardian, coordinator, {}][sent++ % 5] ?? {},
    known: (name) => {
      if (name === 'id' || name === 'upTo') return ids;
      if (name === 'file') return [calendarUrl.slice(calendarUrl.lastIndexOf('/') + 1)];
      return [];
    },
    // it never ends; its responses other than 200 are in streams/
    skip: ({ path }) => path.endsWith('/stream'),
  });
  // a route that never got past its schema was not tested
  expect(
    routes
      .filter(({ statuses }) => !Object.keys(statuses).some((status) => /^(2|304)/.test(status)))
      .map(({ method, path }) => `${method} ${path}`),
  ).toEqual([]);
}, 120_000);
