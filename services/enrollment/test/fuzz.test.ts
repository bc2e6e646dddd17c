import { createHmac } from 'node:crypto';
import { fuzzRoutes, openApiMistakes } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { copyFamily } from '../src/families/copy-family.ts';
import { aFamily, startHarness, webhookSecret, type Child, type Harness } from './harness.ts';

const timetable = [
  'title,subject,teacher,room,weekday,start,end,first_day,last_day,age_min,age_max,capacity,price',
  'Pottery,art,Inês Duarte,Workshop,tuesday,10:00,11:30,2027-01-12,2027-05-18,7,11,10,145.00',
  'Pottery,art,Inês Duarte,Workshop,someday,10:00,11:30,2027-01-12,2027-05-18,7,11,10,145.00',
].join('\n');

/** Values that agree with each other and exist, so that requests get through to the database. */
const sound: Record<string, readonly unknown[]> = {
  'If-Match': ['*'],
  'If-None-Match': ['*'],
  'text/csv': [timetable],
  limit: [1, 100],
  reason: ['Reads three years ahead'],
  timeZone: ['America/Chicago'],
  firstDay: ['2027-01-11'],
  lastDay: ['2027-05-21'],
  startTime: ['08:00'],
  endTime: ['19:30'],
  ageMin: [0],
  ageMax: [120],
  capacity: [900],
  currency: ['USD'],
};

const signed = (payload: string): Record<string, string> => {
  const t = Math.floor(Date.now() / 1_000);
  const v1 = createHmac('sha256', webhookSecret).update(`${t}.${payload}`).digest('hex');
  return { 'payment-signature': `t=${t},v1=${v1}` };
};

async function oneFamily(harness: Harness, count: number): Promise<Child[]> {
  const birthDate = '2018-06-01';
  const children = Array.from({ length: count }, (_, n) => ({ childId: uuidv7(), name: `Child ${n}`, birthDate }));
  const family = aFamily({ children });
  await copyFamily({ db: harness.db }, { eventId: uuidv7(), family });
  return children.map(({ childId, name }) => ({ id: childId, name, familyId: family.familyId }));
}

/** Enrollments of children who were promoted while another class had their hour: seats that were offered. */
async function offers(harness: Harness, count: number): Promise<string[]> {
  const coordinator = await harness.coordinator();
  return Promise.all(
    (await harness.children(count)).map(async (child) => {
      const [wanted, other] = [await harness.openClass({ capacity: 1 }), await harness.openClass()];
      const [first] = await harness.children(1);
      const ahead = (await harness.enroll(first!, wanted.id, coordinator)).json();
      const waiting = (await harness.enroll(child, wanted.id, coordinator)).json();
      const elsewhere = (await harness.enroll(child, other.id, coordinator)).json();
      await harness.cancel(ahead.id, coordinator);
      await harness.cancel(elsewhere.id, coordinator);
      return waiting.id as string;
    }),
  );
}

test('every response to any request matches the OpenAPI document, and none is a 5xx', async () => {
  const harness = await startHarness();
  try {
    const document = await harness.app.inject('/api/enrollment/openapi.json');
    expect(await openApiMistakes(document.json())).toEqual([]);

    const coordinator = await harness.coordinator();
    const children = await oneFamily(harness, 30);
    const { familyId } = children[0]!;
    const guardian = await harness.guardian(familyId);
    const classes = await Promise.all(Array.from({ length: 3 }, () => harness.openClass({ capacity: 5 })));
    const enrollments = await Promise.all(
      children.slice(0, 9).map(async (child, index) => (await harness.enroll(child, classes[index % 3]!.id)).json()),
    );
    // other routes change the classes above, until no child fits them
    const open = await harness.openClass({ capacity: 900, weekday: 'friday' });
    const toCancel = await harness.openClass();
    const offered = await offers(harness, 8);
    const imported = await harness.app.inject({
      method: 'POST',
      url: '/api/classes/import',
      headers: { ...coordinator, 'content-type': 'text/csv' },
      payload: 'title',
    });
    const cursors = async (url: string): Promise<unknown[]> => [
      (await harness.app.inject({ url: `${url}?limit=1`, headers: coordinator })).json().nextCursor,
    ];
    const cursorsOf: Record<string, unknown[]> = {
      '/api/classes': await cursors('/api/classes'),
      '/api/enrollments': await cursors('/api/enrollments'),
      '/api/classes/{classId}/roster': await cursors(`/api/classes/${classes[0]!.id}/roster`),
    };
    let sent = 0;
    const callers = [coordinator, guardian, coordinator, coordinator, {}];
    const { routes } = await fuzzRoutes(harness.app, {
      openapiPath: '/api/enrollment/openapi.json',
      runsPerRoute: 60,
      headers: ({ path }, payload = '') => {
        if (path.endsWith('/webhook')) return sent++ % 5 === 0 ? {} : signed(payload);
        return callers[sent++ % callers.length] ?? {};
      },
      known: (name, { path }) => {
        if (name === 'classId' && path.endsWith('/cancel')) return [toCancel.id];
        if (name === 'classId') return path === '/api/enrollments' ? [open.id] : classes.map(({ id }) => id);
        if (name === 'childId') return children.map(({ id }) => id);
        if (name === 'familyId') return [familyId];
        if (name === 'importId') return [imported.json().id];
        if (name === 'enrollmentId') return path.endsWith('/accept') ? offered : enrollments.map(({ id }) => id);
        if (name === 'age') return path === '/api/classes' ? [8] : [];
        if (name === 'Idempotency-Key') return Array.from({ length: 500 }, (_, n) => `${path}#${n}`);
        if (name === 'cursor') return cursorsOf[path] ?? [];
        return sound[name] ?? [];
      },
    });
    // a route that never succeeded was not tested
    expect(
      routes
        .filter(({ statuses }) => !Object.keys(statuses).some((status) => /^(2|304)/.test(status)))
        .map(({ method, path }) => `${method} ${path}`),
    ).toEqual([]);
    expect(routes).toHaveLength(14);
  } finally {
    await harness.close();
  }
}, 120_000);
