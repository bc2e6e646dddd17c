import { isRefused } from '@homeroom/chassis';
import { eventTypes, firstCoopId } from '@homeroom/contracts';
import { readCoops, type Coop } from '@homeroom/coops';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { changeCoop } from '../../src/coops/change-coop.ts';
import { configured } from '../../src/coops/coop.ts';
import { openCoop } from '../../src/coops/open-coop.ts';
import { openFirstCoop } from '../../src/coops/open-first-coop.ts';
import { newCoop } from '../../src/coops/schemas.ts';
import { listCoops } from '../../src/coops/store.ts';
import { password, startHarness, type Client, type Harness } from '../harness.ts';

const first = newCoop.parse({
  slug: 'willow-creek',
  name: 'Willow Creek Co-op',
  timeZone: 'America/Chicago',
  currency: 'USD',
  locale: 'en-US',
});
const birch = newCoop.parse({
  slug: 'birch',
  name: 'Birch Lane',
  hosts: ['birch.example'],
  timeZone: 'Europe/London',
  currency: 'GBP',
  locale: 'en-GB',
});

let service: Harness;
let operator: Client;
beforeAll(async () => {
  service = await startHarness();
  operator = await service.operator();
});
afterAll(() => service.close());

const pristine = 'update coops set version = 0, slug = $2, hosts = $3, status = $4 where coop_id = $1';
beforeEach(async () => {
  await service.rows('delete from outbox');
  await service.rows('delete from coops where coop_id <> $1', firstCoopId);
  await service.rows(pristine, firstCoopId, 'homeroom', [], 'open');
  await openFirstCoop(service.database, first);
});

/** What the process's poll does. */
async function follow(): Promise<void> {
  for (const coop of (await readCoops(service.database, { revision: 0 })).coops) service.coops.put(coop);
}

type Sent = Promise<{ status: number; headers: Record<string, unknown>; body: Record<string, never> }>;
const send = (...args: Parameters<Client['send']>): Sent => operator.send(...args) as unknown as Sent;
const url = '/api/coops/willow-creek';

async function opened(given = birch): Promise<Coop> {
  const coop = await openCoop(service, { given, operatorId: randomUUID(), idempotencyKey: undefined, limit: 9 });
  if (isRefused(coop)) throw new Error(coop.code);
  return coop;
}

describe('the first co-op', () => {
  test('is what the installation was, under an id that every service knows, and published once', async () => {
    expect(await openFirstCoop(service.database, { ...first, name: 'Another name' })).toBe(false);
    expect(await listCoops(service.database, { after: '', limit: 9 })).toEqual([
      { ...first, coopId: firstCoopId, version: 1, status: 'open' },
    ]);
    const published = await service.outbox();
    expect(published.map(({ type, key }) => [type, key])).toEqual([['homeroom.coop.opened.v1', firstCoopId]]);
    const [{ data } = { data: {} }] = published;
    expect(eventTypes['homeroom.coop.opened.v1'].schema.safeParse(data).success).toBe(true);
  });
});

describe('opening a co-op', () => {
  test('a second one is refused with a sentence, and changes nothing', async () => {
    const { status, body } = await send('POST', '/api/coops', birch);
    expect([status, body]).toEqual([
      409,
      expect.objectContaining({
        code: 'coops_limit',
        title: 'This installation cannot have another co-op',
        detail: expect.stringContaining('for one co-op'),
      }),
    ]);
    expect(await listCoops(service.database, { after: '', limit: 9 })).toHaveLength(1);
    expect(await service.outbox()).toHaveLength(1);
  });

  test('without the limit, each has an id of its own, and slugs and hosts stay unique', async () => {
    const coop = await opened();
    expect(coop).toEqual({ ...birch, coopId: coop.coopId, version: 1, status: 'open' });
    const again = (change: object) =>
      openCoop(service, {
        given: { ...birch, slug: 'oak', ...change },
        operatorId: randomUUID(),
        idempotencyKey: undefined,
        limit: 9,
      });
    expect(await again({ slug: 'birch' })).toMatchObject({ kind: 'refused', code: 'slug_taken' });
    expect(await again({ hosts: ['oak.example', 'birch.example'] })).toMatchObject({
      code: 'host_taken',
      detail: 'birch.example is the address of another co-op.',
    });
    expect(await again({ hosts: [] })).toMatchObject({ slug: 'oak', version: 1 });
  });

  test('a repeated Idempotency-Key opens one', async () => {
    const request = { given: birch, operatorId: randomUUID(), idempotencyKey: randomUUID(), limit: 9 };
    const answers = [await openCoop(service, request), await openCoop(service, request)];
    expect(answers[1]).toEqual(answers[0]);
    expect(await listCoops(service.database, { after: '', limit: 9 })).toHaveLength(2);
  });

  test.each([
    ['slug', 'Willow Creek'],
    ['slug', '-a'],
    ['slug', 'x'.repeat(41)],
    ['name', ''],
    ['name', 'two\nlines'],
    ['timeZone', 'CST'],
    ['currency', 'usd'],
    ['currency', 'XYZ'],
    ['locale', 'en_US'],
    ['locale', 'en-us'],
    ['hosts', ['a.example:80']],
    ['hosts', ['https://a.example']],
    ['hosts', ['a b']],
    ['hosts', ['*.example']],
    ['hosts', ['a.example', 'A.example.']],
    ['hosts', Array.from({ length: 21 }, (_, n) => `h-${n}.example`)],
    ['quotas', { Families: 1 }],
    ['quotas', { families: -1 }],
    ['quotas', { families: 1.5 }],
  ])('%s %j is refused', async (field, value) => {
    const { status, body } = await send('POST', '/api/coops', { ...birch, [field]: value });
    expect([status, String((body['errors'] as { field: string }[] | undefined)?.[0]?.field)]).toEqual([
      422,
      expect.stringMatching(new RegExp(`^${field}`)),
    ]);
  });
});

describe('reading co-ops', () => {
  test('an operator sees all of them, page by page', async () => {
    for (const slug of ['birch', 'cedar', 'oak']) await opened({ ...birch, slug, hosts: [] });
    const slugs: unknown[] = [];
    let next = '';
    do {
      const { body } = await send('GET', `/api/coops?limit=2${next}`);
      const { items, nextCursor } = body as { items?: { slug: string }[]; nextCursor?: string };
      slugs.push(...(items ?? []).map(({ slug }) => slug));
      next = nextCursor === undefined ? '' : `&cursor=${nextCursor}`;
    } while (next !== '');
    expect(slugs).toEqual(['birch', 'cedar', 'oak', 'willow-creek']);
  });

  test('one that does not exist is 404', async () => {
    expect((await send('GET', '/api/coops/nobody')).body).toMatchObject({ code: 'coop_not_found' });
  });

  test('everyone sees the co-op of the address, cacheable and without its hosts and quotas', async () => {
    await follow();
    const { status, headers, body } = await service.anonymous.send('GET', '/api/coop');
    const { slug, name, timeZone, currency, locale } = first;
    expect([status, body]).toEqual([200, { slug, name, timeZone, currency, locale }]);
    expect(headers['cache-control']).toBe('public, max-age=60');
    const { names } = await service.counter.during(() => service.anonymous.send('GET', '/api/coop'));
    expect(names).toEqual([]);
    const again = { 'if-none-match': String(headers['etag']) };
    expect((await service.anonymous.send('GET', '/api/coop', undefined, again)).status).toBe(304);
  });
});

describe('configuring a co-op', () => {
  test('replaces what is given, raises the version, and publishes the whole co-op', async () => {
    const change = {
      name: 'Willow Creek Homeschoolers',
      hosts: ['Willow.Example.', 'bücher.example'],
      timeZone: 'America/Denver',
      locale: 'es-US',
      quotas: { families: 400 },
    };
    const { status, headers, body } = await send('PATCH', url, change);
    const hosts = ['willow.example', 'xn--bcher-kva.example'];
    expect([status, body]).toEqual([200, { ...first, ...change, hosts, id: firstCoopId, version: 2, status: 'open' }]);
    expect((await send('GET', url)).headers['etag']).toBe(headers['etag']);
    const { id: coopId, ...rest } = body as Record<string, unknown>;
    expect((await service.outbox()).at(-1)).toEqual({
      type: 'homeroom.coop.configured.v1',
      key: firstCoopId,
      data: { coopId, ...rest },
    });
  });

  test('the same again writes and publishes nothing', async () => {
    const answers = [];
    for (let n = 0; n < 2; n++) answers.push((await send('PATCH', url, { name: 'New' })).body['version']);
    expect(answers).toEqual([2, 2]);
    expect(await service.outbox()).toHaveLength(2);
  });

  test('If-Match takes the ETag that the GET sent, and refuses an older one', async () => {
    const read = { 'if-match': String((await send('GET', url)).headers['etag']) };
    expect((await send('PATCH', url, { name: 'First' }, read)).status).toBe(200);
    expect((await send('PATCH', url, { name: 'Second' }, read)).body).toMatchObject({ code: 'precondition_failed' });
  });

  test('the currency stays: amounts in it may have been charged', async () => {
    const { status, body } = await send('PATCH', url, { currency: 'EUR', name: 'New' });
    expect([status, body]).toEqual([409, expect.objectContaining({ code: 'currency_fixed' })]);
    expect((await send('PATCH', url, { currency: 'USD', name: 'New' })).status).toBe(200);
  });

  test('a host of another co-op is refused, and of two that want one host at once one gets it', async () => {
    await opened();
    expect((await send('PATCH', url, { hosts: ['BIRCH.example'] })).body).toMatchObject({
      code: 'host_taken',
      detail: 'birch.example is the address of another co-op.',
    });
    const take = (slug: string) =>
      changeCoop(service, { slug, verb: 'configured', decide: (coop) => configured(coop, { hosts: ['new.example'] }) });
    const outcomes = await Promise.all([take('birch'), take('willow-creek')]);
    expect(outcomes.filter(isRefused)).toHaveLength(1);
  });
});

describe('suspending a co-op', () => {
  test('both ways are idempotent, and each change is published once', async () => {
    for (const [path, status, version] of [
      ['suspend', 'suspended', 2],
      ['suspend', 'suspended', 2],
      ['resume', 'open', 3],
      ['resume', 'open', 3],
    ] as const)
      expect((await send('POST', `${url}/${path}`)).body).toMatchObject({ status, version });
    expect((await service.outbox()).map(({ type }) => type)).toEqual(
      ['opened', 'suspended', 'resumed'].map((verb) => `homeroom.coop.${verb}.v1`),
    );
  });

  test('a closed one is neither suspended nor resumed', async () => {
    await service.rows('update coops set status = $1', 'closed');
    for (const path of ['suspend', 'resume'])
      expect((await send('POST', `${url}/${path}`)).body).toMatchObject({ code: 'coop_closed' });
  });

  test('its families are answered 403 and cannot sign in; an operator can, and resumes it', async () => {
    const guardian = await service.family();
    const { email, family } = guardian;
    await send('POST', `${url}/suspend`);
    await follow();
    try {
      expect((await guardian.send('GET', `/api/families/${family.id}`)).body.code).toBe('coop_suspended');
      const credentials = { email, password };
      expect((await service.anonymous.send('POST', '/api/sessions', credentials)).body.code).toBe('coop_suspended');
      expect((await service.anonymous.send('GET', '/api/coop')).body.code).toBe('coop_suspended');
      const another = await service.operator();
      expect((await another.send('POST', `${url}/resume`)).status).toBe(200);
    } finally {
      await send('POST', `${url}/resume`);
      await follow();
    }
    expect((await guardian.send('GET', `/api/families/${family.id}`)).status).toBe(200);
  });
});

test('of several co-ops, their people sign in on their own host, and an operator on any', async () => {
  const guardian = await service.family();
  const signIn = (email: string, host: string) =>
    service.anonymous.send('POST', '/api/sessions', { email, password }, { host });
  const other: Coop = { ...birch, coopId: randomUUID(), version: 1, status: 'open' };
  const own: Coop = { ...first, coopId: firstCoopId, version: 99, status: 'open', hosts: ['willow.example'] };
  for (const coop of [own, other]) service.coops.put(coop);
  try {
    expect((await signIn(guardian.email, 'elsewhere.example')).body.code).toBe('unknown_host');
    expect((await signIn(guardian.email, 'Willow.example:8080')).status).toBe(201);
    const { cookie = '' } = operator;
    const asked = (path: string, host: string) =>
      service.anonymous.send('GET', path, undefined, { host, cookie }).then(({ status, body }) => [status, body.code]);
    expect(await asked('/api/coops', 'elsewhere.example')).toEqual([200, undefined]);
    expect(await asked('/api/coop', 'elsewhere.example')).toEqual([404, 'unknown_host']);
    expect(await asked('/api/coop', 'birch.example')).toEqual([200, undefined]);
  } finally {
    service.coops.put({ ...other, version: 2, status: 'closed' });
  }
});
