import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ZodFastify } from '@homeroom/chassis';
import { coordinatorKinds, mailKinds } from '../../src/notifications/kinds.ts';
import { receiveClass, receiveEnrollment, receiveFamily } from '../../src/notifications/receive-event.ts';
import { readCalendar } from '../calendars/read-calendar.ts';
import { aFamily, anEvent, co, guardianOf, type Harness, someCoordinator, startHarness } from '../harness.ts';
import { examples } from '@homeroom/contracts';
import type { Principal } from '@homeroom/sessions';

let harness: Harness;
let app: ZodFastify;

beforeAll(async () => {
  harness = await startHarness();
  ({ app } = harness);
});
afterAll(() => harness.close());

interface Preferences {
  email: { enabled: boolean; kinds: Record<string, boolean> };
  calendarUrl: string;
}

async function aGuardian(): Promise<{
  family: ReturnType<typeof aFamily>;
  get: () => Promise<Preferences>;
  patch: (payload: object) => Promise<Preferences>;
}> {
  const family = aFamily();
  const headers = await harness.signedIn(guardianOf(family.familyId));
  const url = '/api/notification-preferences';
  return {
    family,
    get: async () => (await app.inject({ url, headers })).json<Preferences>(),
    patch: async (payload) => (await app.inject({ method: 'PATCH', url, headers, payload })).json<Preferences>(),
  };
}
const path = ({ calendarUrl }: Preferences): string => new URL(calendarUrl).pathname;

describe('preferences', () => {
  test('begin with everything on and an address of the calendar that stays', async () => {
    const { get } = await aGuardian();
    const first = await get();
    expect(first.email).toEqual({
      enabled: true,
      kinds: Object.fromEntries(mailKinds.map((kind) => [kind, true])),
    });
    expect(first.calendarUrl).toMatch(/^http:\/\/127\.0\.0\.1:8080\/api\/calendars\/[\w-]{43}\.ics$/);
    expect(await get()).toEqual(first);
  });

  test('two first looks at once get one address', async () => {
    const { get } = await aGuardian();
    const looks = await Promise.all(Array.from({ length: 10 }, get));
    expect(new Set(looks.map(({ calendarUrl }) => calendarUrl)).size).toBe(1);
  });

  test('change only what is given, and the next read sees it', async () => {
    const { get, patch } = await aGuardian();
    const { calendarUrl } = await get();
    const muted = await patch({ email: { kinds: { welcome: false, promoted: false } } });
    expect(muted.email).toMatchObject({ enabled: true, kinds: { welcome: false, promoted: false, confirmed: true } });
    const after = await patch({ email: { enabled: false, kinds: { promoted: true } } });
    expect(after).toEqual({ email: { enabled: false, kinds: { ...muted.email.kinds, promoted: true } }, calendarUrl });
    expect(await get()).toEqual(after);
    expect(await patch({})).toEqual(after);
  });
});

const url = '/api/notification-preferences';

describe('D15: a coordinator’s preferences', () => {
  const allOff = Object.fromEntries(coordinatorKinds.map((kind) => [kind, false]));
  const request = async (
    headers: object,
    payload?: object,
  ): Promise<{ status: number; body: Partial<Preferences> & { errors?: { field: string }[] } }> => {
    const sent = payload === undefined ? { url, headers } : { method: 'PATCH' as const, url, headers, payload };
    const answer = await app.inject({ ...sent, headers: { ...headers } });
    return { status: answer.statusCode, body: answer.json() };
  };

  test('begin with no mail, and without a calendar', async () => {
    const robin = await harness.signedIn(someCoordinator());
    expect(await request(robin)).toEqual({ status: 200, body: { email: { enabled: true, kinds: allOff } } });
  });

  test('change only what is given, for this account alone', async () => {
    const [robin, other] = [await harness.signedIn(someCoordinator()), await harness.signedIn(someCoordinator())];
    await request(robin, { email: { kinds: { flagged: true, double_booked: true } } });
    const after = await request(robin, { email: { enabled: false, kinds: { flagged: false } } });
    const kinds = { ...allOff, double_booked: true };
    expect(after).toEqual({ status: 200, body: { email: { enabled: false, kinds } } });
    expect(await request(robin)).toEqual(after);
    expect(await request(robin, {})).toEqual(after);
    expect((await request(other)).body).toEqual({ email: { enabled: true, kinds: allOff } });
  });

  test.each<['guardian' | 'coordinator', object, string]>([
    ['coordinator', { email: { kinds: { welcome: true } } }, 'email.kinds.welcome'],
    ['coordinator', { rotateCalendar: true }, 'rotateCalendar'],
    ['guardian', { email: { kinds: { flagged: true } } }, 'email.kinds.flagged'],
  ])('a %s cannot have what is the other role’s: %j', async (role, payload, field) => {
    const principal = role === 'coordinator' ? someCoordinator() : guardianOf(aFamily().familyId);
    const { status, body } = await request(await harness.signedIn(principal), payload);
    expect([status, body.errors?.map((error) => error.field)]).toEqual([422, [field]]);
  });
});

describe('D15: preferences are a guardian’s own', () => {
  const of = async (
    principal: Principal,
  ): Promise<{ get: () => Promise<Preferences>; patch: (payload: object) => Promise<Preferences> }> => {
    const headers = await harness.signedIn(principal);
    return {
      get: async () => (await app.inject({ url, headers })).json<Preferences>(),
      patch: async (payload) => (await app.inject({ method: 'PATCH', url, headers, payload })).json<Preferences>(),
    };
  };

  test('and the calendar is the family’s', async () => {
    const { familyId } = aFamily();
    const [one, other] = [await of(guardianOf(familyId)), await of(guardianOf(familyId))];
    const changed = await one.patch({ email: { enabled: false, kinds: { offered: false } } });
    expect(changed.email).toMatchObject({ enabled: false, kinds: { offered: false } });
    const untouched = await other.get();
    expect(untouched.email).toMatchObject({ enabled: true, kinds: { offered: true } });
    expect(untouched.calendarUrl).toBe(changed.calendarUrl);
    const { calendarUrl } = await other.patch({ rotateCalendar: true });
    expect((await one.get()).calendarUrl).toBe(calendarUrl);
    expect((await one.get()).email).toEqual(changed.email);
  });

  test('begin as the family’s row of an older version, whose calendar address stays', async () => {
    const { familyId } = aFamily();
    const token = 'T'.repeat(43 - 8) + familyId.slice(0, 8);
    await harness.database.query({
      name: 'test_old_preferences',
      text: `insert into preferences (family_id, email_enabled, muted_kinds, calendar_token) values ($1, false, '{welcome}', $2)`,
      values: [familyId, token],
    });
    await harness.testDatabase.waitForReplica();
    const [one, other] = [await of(guardianOf(familyId)), await of(guardianOf(familyId))];
    expect((await one.get()).email).toMatchObject({ enabled: false, kinds: { welcome: false, confirmed: true } });
    const changed = await one.patch({ email: { enabled: true, kinds: { confirmed: false } } });
    expect(changed.email).toMatchObject({ enabled: true, kinds: { welcome: false, confirmed: false, offered: true } });
    expect(changed.calendarUrl).toContain(`/${token}.ics`);
    expect((await other.get()).email).toMatchObject({ enabled: false, kinds: { welcome: false, confirmed: true } });
  });
});

describe('the calendar', () => {
  test('holds the orientation and the classes, and follows them', async () => {
    const { family, get } = await aGuardian();
    const course = { ...examples['homeroom.class.opened.v1'], classId: family.familyId };
    await receiveFamily(harness.db, co, family.registered());
    await receiveEnrollment(harness.db, co, family.enrollment('homeroom.enrollment.confirmed.v1', { class: course }));
    const url = path(await get());
    await harness.testDatabase.waitForReplica();
    const feed = async (
      headers = {},
    ): Promise<{ statusCode: number; body: string; headers: Record<string, unknown> }> => {
      await harness.testDatabase.waitForReplica();
      return app.inject({ url, headers });
    };
    const first = await feed();
    expect(first.headers).toMatchObject({
      'content-type': 'text/calendar; charset=utf-8',
      'cache-control': 'private, max-age=300',
    });
    const calendar = readCalendar(first.body);
    expect(calendar.name).toBe('Okafor at Willow Creek');
    expect(calendar.events.map(({ summary }) => summary).sort()).toEqual([
      'Orientation at Willow Creek',
      'Pottery for beginners (Maya Okafor)',
    ]);

    const etag = String(first.headers['etag']);
    expect((await feed({ 'if-none-match': etag })).statusCode).toBe(304);
    await receiveClass(harness.db, anEvent('homeroom.class.changed.v1', { ...course, version: 9, room: 'Barn' }));
    const moved = await feed({ 'if-none-match': etag });
    expect(moved.statusCode).toBe(200);
    expect(readCalendar(moved.body).events.map(({ location }) => location)).toContain('Barn');

    await receiveEnrollment(
      harness.db,
      co,
      family.enrollment('homeroom.enrollment.cancelled.v1', { class: course, version: 3 }),
    );
    expect(readCalendar((await feed()).body).events.map(({ summary }) => summary)).toEqual([
      'Orientation at Willow Creek',
    ]);
  });

  test('D16: stays readable when one of its entries has an unknown time zone', async () => {
    const { family, get } = await aGuardian();
    const course = { ...examples['homeroom.class.opened.v1'], classId: family.familyId };
    await receiveFamily(harness.db, co, family.registered());
    await receiveEnrollment(harness.db, co, family.enrollment('homeroom.enrollment.confirmed.v1', { class: course }));
    const url = path(await get());
    // as stored by a version that knew more zones, or checked less
    await harness.database.query({
      name: 'test_bad_zone',
      text: `update classes set snapshot = snapshot || '{"timeZone": "Mars/Olympus"}' where class_id = $1`,
      values: [course.classId],
    });
    await harness.testDatabase.waitForReplica();
    const feed = await app.inject({ url });
    expect(feed.statusCode).toBe(200);
    expect(readCalendar(feed.body).events.map(({ summary }) => summary)).toEqual(['Orientation at Willow Creek']);
  });

  test('is available at once under a new address, and no longer under the old one', async () => {
    const { get, patch } = await aGuardian();
    const before = await get();
    const after = await patch({ rotateCalendar: true });
    expect(after.calendarUrl).not.toBe(before.calendarUrl);
    expect((await app.inject(path(after))).statusCode).toBe(200);
    await harness.testDatabase.waitForReplica();
    expect((await app.inject(path(before))).statusCode).toBe(404);
  });

  test.each(['x', '', 'A'.repeat(43), `${'A'.repeat(43)}.ICS`, `..%2f${'A'.repeat(40)}.ics`, "'%3b--.ics"])(
    'has no address %j',
    async (file) => {
      const answer = await app.inject(`/api/calendars/${file}`);
      expect(answer.statusCode).toBe(404);
    },
  );
});
