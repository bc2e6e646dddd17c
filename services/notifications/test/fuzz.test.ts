import { afterAll, expect, test } from '@jest/globals';
import { fuzzRoutes, openApiMistakes } from '@homeroom/testing';
import { keepDeadLetter, listDeadLetters } from '../src/dead-letters/store.ts';
import { receiveFamily } from '../src/notifications/receive-event.ts';
import { aDeadLetter } from './dead-letters/a-dead-letter.ts';
import { aFamily, Closing, co, cookieOf, guardianOf, openApp, openHouse, someCoordinator } from './harness.ts';

const closing = new Closing();
afterAll(() => closing.closeAll());

const openapiPath = '/api/notifications/openapi.json';

test('every response to any request is as the OpenAPI document describes it, and none is a 5xx', async () => {
  const house = await openHouse(closing);
  const { app } = await openApp(house, closing);
  const document = await app.inject(openapiPath);
  expect(await openApiMistakes(document.json())).toEqual([]);

  const [family, other] = [aFamily(), aFamily()];
  const guardian = await cookieOf(house, guardianOf(family.familyId));
  const coordinator = await cookieOf(house, someCoordinator());
  const notifications = await receiveFamily(house.database, co, family.registered());
  await receiveFamily(house.database, co, other.registered());
  await keepDeadLetter(house.database, aDeadLetter());
  // of another family: the preferences of this one are changed, and the address of its calendar with them
  const reader = await cookieOf(house, guardianOf(other.familyId));
  const preferences = await app.inject({ url: '/api/notification-preferences', headers: reader });
  const { calendarUrl } = preferences.json<{ calendarUrl: string }>();
  await house.testDatabase.waitForReplica();
  const letters = await listDeadLetters(house.database, { limit: 10 });
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
