import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeEvent } from '@homeroom/contracts';
import { v7 as uuidv7 } from 'uuid';
import { pottery, startHarness, without, type Harness } from '../harness.ts';

let harness: Harness;
let coordinator: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness();
  coordinator = await harness.coordinator();
});
// the classes of all tests meet in one room
beforeEach(async () => {
  await harness.rows('delete from classes');
  await harness.rows('delete from bookings');
});
afterAll(() => harness.close());

const outboxOf = async (id: string) => {
  const rows = await harness.rows<{ headers: Record<string, string>; payload: Buffer }>(
    'select headers, payload from outbox where key = $1 order by sequence',
    id,
  );
  return rows.map(({ headers, payload }) => decodeEvent({ headers, value: payload })!);
};
const open = (payload: object, headers = coordinator) =>
  harness.app.inject({ method: 'POST', url: '/api/classes', headers, payload });
const patch = (id: string, payload: object, headers = coordinator) =>
  harness.app.inject({ method: 'PATCH', url: `/api/classes/${id}`, headers, payload });
const read = async (id: string) => (await harness.app.inject({ url: `/api/classes/${id}` })).json();

describe('POST /api/classes', () => {
  test('opens a class and publishes it', async () => {
    const response = await open({ ...pottery, title: '  Keramik für Anfänger 🏺 ' });
    expect(response.statusCode).toBe(201);
    const { warnings, ...body } = response.json();
    expect(warnings).toEqual([]);
    expect(body).toEqual({
      ...pottery,
      id: expect.any(String),
      version: 1,
      title: 'Keramik für Anfänger 🏺',
      seatsLeft: 3,
      waitlisted: 0,
      canceled: null,
    });
    expect(response.headers).toMatchObject({
      location: `/api/classes/${body.id}`,
      etag: expect.stringMatching(/^"1-/),
    });
    const published = without(pottery, 'description');
    expect((await outboxOf(body.id)).map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'homeroom.class.opened.v1', data: { ...published, title: body.title, classId: body.id, version: 1 } },
    ]);
    expect(await read(body.id)).toEqual(body);
  });

  test('fills in the defaults of the co-op', async () => {
    const rest = without(pottery, 'description', 'timeZone', 'currency', 'status');
    expect((await open({ ...rest, title: 'Defaults' })).json()).toMatchObject({
      description: '',
      timeZone: 'America/Chicago',
      currency: 'USD',
      status: 'open',
    });
  });

  test('identifies a class by title, teacher, day, and time', async () => {
    await open({ ...pottery, title: 'Twice' });
    const second = await open({ ...pottery, title: 'Twice', room: 'Elsewhere' });
    expect([second.statusCode, second.json().code]).toEqual([409, 'class_exists']);
    expect((await open({ ...pottery, title: 'Twice', startTime: '09:00', endTime: '10:00' })).statusCode).toBe(201);
  });

  test('sent twice with one key opens one class and gives the same answer', async () => {
    const headers = { ...coordinator, 'idempotency-key': uuidv7() };
    const payload = { ...pottery, title: 'Once only' };
    const answers = await Promise.all([open(payload, headers), open(payload, headers), open(payload, headers)]);
    expect(new Set(answers.map(({ statusCode, body }) => `${statusCode}${body}`)).size).toBe(1);
    const reused = await open({ ...payload, room: 'Elsewhere' }, headers);
    expect([reused.statusCode, reused.json().code]).toEqual([422, 'idempotency_key_reused']);
  });

  const wrong: [string, object, string][] = [
    ['a negative price', { priceCents: -1 }, 'priceCents'],
    ['a price in euros and cents', { priceCents: 12.5 }, 'priceCents'],
    ['a price as text', { priceCents: '100' }, 'priceCents'],
    ['no seats', { capacity: 0 }, 'capacity'],
    ['an impossible day', { firstDay: '2027-02-30' }, 'firstDay'],
    ['an impossible time', { startTime: '24:00' }, 'startTime'],
    ['an end before the start', { endTime: '09:00' }, 'endTime'],
    ['a last day before the first', { lastDay: '2026-01-01' }, 'lastDay'],
    ['ages upside down', { ageMin: 12, ageMax: 7 }, 'ageMax'],
    ['an unknown weekday', { weekday: 'someday' }, 'weekday'],
    ['an unknown time zone', { timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['an unknown field', { seats: 3 }, 'seats'],
    ['a title of blanks', { title: ' \t ' }, 'title'],
    ['a title of 201 characters', { title: 'ü'.repeat(201) }, 'title'],
    ['a NUL byte', { room: 'Work\0shop' }, 'room'],
    ['half a surrogate pair', { room: '\ud83c' }, 'room'],
    ['a currency in small letters', { currency: 'usd' }, 'currency'],
    ['a currency of the past', { currency: 'DEM' }, 'currency'],
    ['a title with a header', { title: 'Pottery\r\nSet-Cookie: a=b' }, 'title'],
    ['a subject of two lines', { subject: 'art\ncraft' }, 'subject'],
    ['a teacher with a tab', { teacher: 'Inês\tDuarte' }, 'teacher'],
    ['a room with an escape', { room: '\u001b[2JWorkshop' }, 'room'],
    ['a description with an escape', { description: 'Pinch\u001b[2J' }, 'description'],
  ];
  test.each([
    ['a currency without cents', { currency: 'JPY', priceCents: 5_000 }],
    ['a zone of the same hours by name', { timeZone: 'Asia/Kolkata' }],
    ['a title with a no-break space', { title: 'Pottery\u00a0II' }],
    ['a description of two lines', { description: 'Pinch,\n\tcoil' }],
  ])('takes %s', async (_, change) => {
    const response = await open({ ...pottery, title: `Neighbor ${uuidv7()}`, ...change });
    expect([response.statusCode, response.json()]).toEqual([201, expect.objectContaining(change)]);
  });

  test.each(wrong)('refuses %s and names the field', async (_, change, field) => {
    const response = await open({ ...pottery, ...change });
    expect([response.statusCode, response.json().code]).toEqual([422, 'validation_failed']);
    expect(response.json().errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  test.each([
    ['+05:30', 'Unknown time zone "+05:30". Use an IANA name such as Asia/Kolkata.'],
    ['CST', 'Unknown time zone "CST". Use an IANA name such as America/Chicago, America/Mexico_City, Asia/Shanghai.'],
    ['america/chicago', 'Unknown time zone "america/chicago". Use America/Chicago.'],
  ])('D3: refuses %s as a time zone, with what to write', async (timeZone, message) => {
    expect((await open({ ...pottery, timeZone })).json().errors).toEqual([{ in: 'body', field: 'timeZone', message }]);
    const { id } = await harness.openClass();
    expect((await patch(id, { timeZone })).json().errors).toEqual([{ in: 'body', field: 'timeZone', message }]);
  });

  test('D4: a class without a meeting is neither opened nor made by a change', async () => {
    const dates = { weekday: 'monday', firstDay: '2027-01-12', lastDay: '2027-01-16' };
    const errors = [
      {
        in: 'body',
        field: 'weekday',
        message:
          'No Monday from January 12, 2027 to January 16, 2027. Change the weekday, the first day, or the last day.',
      },
    ];
    expect((await open({ ...pottery, ...dates })).json()).toMatchObject({ code: 'validation_failed', errors });
    const { id } = await harness.openClass();
    expect((await patch(id, dates)).json()).toMatchObject({ code: 'validation_failed', errors });
    expect(await read(id)).toMatchObject({ version: 1, weekday: 'tuesday' });
  });

  test('D4: a class of old data without a meeting can be closed, and its dates corrected', async () => {
    const { id } = await harness.openClass();
    await harness.rows(`update classes set last_day = first_day, weekday = 'friday' where class_id = $1`, id);
    expect((await patch(id, { status: 'closed' })).json()).toMatchObject({ status: 'closed', weekday: 'friday' });
    expect((await patch(id, { lastDay: '2027-01-14' })).statusCode).toBe(422);
    expect((await patch(id, { lastDay: '2027-01-15' })).statusCode).toBe(200);
  });

  test('D3: a class of old data in a zone that is refused today can be read and changed', async () => {
    const { id } = await harness.openClass({ timeZone: '+05:30' });
    expect(await read(id)).toMatchObject({ timeZone: '+05:30' });
    expect((await patch(id, { room: 'Barn' })).json()).toMatchObject({ room: 'Barn', timeZone: '+05:30' });
    expect((await patch(id, { timeZone: 'Asia/Kolkata' })).json()).toMatchObject({ timeZone: 'Asia/Kolkata' });
  });

  test.each([
    ['200 characters', '漢'.repeat(200)],
    ['right-to-left text', 'مبتدئين الفخار'],
    ['emoji that are several characters', '👨‍👩‍👧‍👦 pottery'],
    ['SQL', `'); drop table classes; --`],
    ['markup', '<script>alert(1)</script>'],
  ])('takes a title of %s as it is', async (_, title) => {
    const response = await open({ ...pottery, title });
    expect([response.statusCode, response.json().title]).toEqual([201, title]);
  });

  test('composes what was typed in parts, so that equal titles are equal', async () => {
    expect((await open({ ...pottery, title: 'Cafe\u0301' })).json().title).toBe('Caf\u00e9');
    expect((await open({ ...pottery, title: 'Caf\u00e9' })).statusCode).toBe(409);
  });
});

describe('PATCH /api/classes/:id', () => {
  test('changes the given fields, publishes the whole class, and readers see it at once', async () => {
    const { id } = await harness.openClass();
    await read(id);
    const response = await patch(id, { room: 'Barn', priceCents: 0 });
    expect([response.statusCode, response.headers.etag]).toEqual([200, expect.stringMatching(/^"2-/)]);
    expect(response.json()).toMatchObject({ version: 2, room: 'Barn', priceCents: 0, teacher: pottery.teacher });
    expect((await outboxOf(id)).map(({ type }) => type)).toEqual([
      'homeroom.class.opened.v1',
      'homeroom.class.changed.v1',
    ]);
    expect({ ...(await read(id)), warnings: [], childConflicts: [] }).toEqual(response.json());
  });

  test('that changes nothing makes no new version and no event', async () => {
    const { id } = await harness.openClass();
    expect((await patch(id, { room: pottery.room })).json()).toMatchObject({ version: 1 });
    expect(await outboxOf(id)).toHaveLength(1);
  });

  test('Contract: If-Match takes the ETag that the GET sent, also after a seat was taken meanwhile', async () => {
    const { id } = await harness.openClass({ capacity: 3 });
    const etag = async (): Promise<string> => String((await harness.app.inject(`/api/classes/${id}`)).headers.etag);
    const read = await etag();
    expect(read).toMatch(/^"1-[\w-]{22}"$/);
    const [child] = await harness.children(1);
    expect((await harness.enroll(child!, id)).statusCode).toBe(201);
    expect((await patch(id, { room: 'Hall' }, { ...coordinator, 'if-match': read })).statusCode).toBe(200);
    expect((await patch(id, { room: 'Attic' }, { ...coordinator, 'if-match': read })).statusCode).toBe(412);
    expect(await etag()).not.toBe(read);
    expect((await patch(id, { room: 'Attic' }, { ...coordinator, 'if-match': await etag() })).statusCode).toBe(200);
  });

  test('is refused when If-Match names another version', async () => {
    const { id } = await harness.openClass();
    expect((await patch(id, { room: 'A' }, { ...coordinator, 'if-match': '"1"' })).statusCode).toBe(200);
    const late = await patch(id, { room: 'B' }, { ...coordinator, 'if-match': '"1"' });
    expect([late.statusCode, late.json().code]).toEqual([412, 'precondition_failed']);
    expect((await patch(id, { room: 'C' }, { ...coordinator, 'if-match': '"1", "2"' })).statusCode).toBe(200);
    expect((await patch(id, { room: 'D' }, { ...coordinator, 'if-match': 'W/"x"' })).statusCode).toBe(412);
    expect((await patch(id, { room: 'E' }, { ...coordinator, 'if-match': '*' })).statusCode).toBe(200);
  });

  test('to more seats promotes the waitlist in order', async () => {
    const { id } = await harness.openClass({ capacity: 1 });
    const children = await harness.children(5);
    const ids = [];
    for (const child of children) ids.push((await harness.enroll(child, id)).json().id);
    expect((await patch(id, { capacity: 3 })).json()).toMatchObject({ capacity: 3, seatsLeft: 0, waitlisted: 2 });
    const rows = await harness.rows<{ status: string }>(
      'select status from enrollments where class_id = $1 order by enrollment_id',
      id,
    );
    expect(rows.map(({ status }) => status)).toEqual([
      'payment_pending',
      'payment_pending',
      'payment_pending',
      'waitlisted',
      'waitlisted',
    ]);
  });

  test('to fewer seats than are taken is refused', async () => {
    const { id } = await harness.openClass({ capacity: 3 });
    for (const child of await harness.children(2)) await harness.enroll(child, id);
    const refused = await patch(id, { capacity: 1 });
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'capacity_below_taken']);
    expect((await patch(id, { capacity: 2 })).json()).toMatchObject({ seatsLeft: 0 });
  });

  test('to other hours moves the busy hours of its children', async () => {
    const first = await harness.openClass();
    const second = await harness.openClass();
    const [child] = await harness.children(1);
    await harness.enroll(child!, first.id);
    expect((await harness.enroll(child!, second.id)).statusCode).toBe(409);
    await patch(first.id, { weekday: 'friday' });
    expect((await harness.enroll(child!, second.id)).statusCode).toBe(201);
  });

  test('to the title of another class at that hour is refused', async () => {
    const [one, other] = [await harness.openClass(), await harness.openClass()];
    expect((await patch(one.id, { title: other.title })).json().code).toBe('class_exists');
  });

  test('of no class is 404, of nothing 422, and contradictions are found in the whole', async () => {
    const { id } = await harness.openClass();
    expect((await patch(uuidv7(), { room: 'A' })).json().code).toBe('class_not_found');
    expect((await patch(id, {})).statusCode).toBe(422);
    expect((await patch(id, { endTime: '09:00' })).json()).toMatchObject({
      code: 'validation_failed',
      errors: [{ in: 'body', field: 'endTime' }],
    });
  });
});

describe('GET /api/classes/:id', () => {
  test('is public, may be cached, and is not sent again to clients that have it', async () => {
    const { id } = await harness.openClass();
    const first = await harness.app.inject({ url: `/api/classes/${id}` });
    expect(first.headers['cache-control']).toContain('public');
    const again = await harness.app.inject({
      url: `/api/classes/${id}`,
      headers: { 'if-none-match': String(first.headers.etag) },
    });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  test('accepts an id in any case, and names what is wrong with others', async () => {
    const { id } = await harness.openClass();
    expect((await harness.app.inject({ url: `/api/classes/${id.toUpperCase()}` })).json().id).toBe(id);
    expect((await harness.app.inject({ url: `/api/classes/${uuidv7()}` })).json().code).toBe('class_not_found');
    expect((await harness.app.inject({ url: '/api/classes/7' })).json().code).toBe('validation_failed');
  });
});

describe('GET /api/classes', () => {
  const search = async (query: string) => {
    const response = await harness.app.inject({ url: `/api/classes?${query}` });
    return { status: response.statusCode, ...response.json() };
  };
  const titles = async (query: string): Promise<string[]> =>
    (await search(query)).items.map(({ title }: { title: string }) => title);

  beforeEach(async () => {
    for (const [title, details] of [
      [
        'Zoology of ponds',
        { description: 'Frogs and newts', ageMin: 6, ageMax: 9, weekday: 'monday', subject: 'science' },
      ],
      ['Zither', { description: 'Plucking', ageMin: 10, ageMax: 14, weekday: 'monday', teacher: 'Frogg, A.' }],
      ['Zumba', { description: 'Dancing', ageMin: 5, ageMax: 17, weekday: 'sunday', subject: 'sport' }],
    ] as const) {
      await harness.openClass({ ...details, title });
    }
  });

  test('finds by words in any form, wherever they are', async () => {
    expect(await titles('q=frog')).toEqual(['Zither', 'Zoology of ponds']);
    expect(await titles('q=pond%20newt')).toEqual(['Zoology of ponds']);
    expect(await titles('q=dances')).toEqual(['Zumba']);
    expect(await titles('q=frogg')).toEqual(['Zither']);
    expect(await titles('q=xylophone')).toEqual([]);
  });

  test('accepts quotes and operators as plain text', async () => {
    for (const q of ['"pond newts', 'pond & | !', "o'hara", '((', ':*', '-pond', 'a'.repeat(200), '🏺']) {
      expect((await search(`q=${encodeURIComponent(q)}`)).status).toBe(200);
    }
  });

  test('finds by age and day', async () => {
    expect(await titles('age=10&day=monday')).toEqual(['Zither']);
    expect(await titles('age=8&day=sunday&q=zumba')).toEqual(['Zumba']);
    expect(await titles('day=sunday')).toEqual(['Zumba']);
  });

  test('pages through all classes in one order, without repeating one', async () => {
    const all = (await search('limit=100')).items.map(({ id }: { id: string }) => id);
    const seen: string[] = [];
    for (let query = 'limit=7'; query !== '';) {
      const { items, nextCursor } = await search(query);
      seen.push(...items.map(({ id }: { id: string }) => id));
      query = nextCursor === undefined ? '' : `limit=7&cursor=${nextCursor}`;
    }
    expect(seen).toEqual(all);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test.each(['age=x', 'age=-1', 'day=heute', 'limit=0', 'limit=101', 'color=red', 'q=', 'q=a&q=b'])(
    'refuses ?%s',
    async (query) => {
      expect(await search(query)).toMatchObject({ status: 422, code: 'validation_failed' });
    },
  );

  test('refuses a cursor that it did not give', async () => {
    for (const cursor of ['x', 'a.b', '..', 'eyJ0aXRsZSI6IkEifQ.AAAAAAAAAAAAAAAAAAAAAA']) {
      expect(await search(`cursor=${cursor}`)).toMatchObject({ status: 422, code: 'invalid_cursor' });
    }
  });
});
