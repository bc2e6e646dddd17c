import {
  cursorParameter,
  foreignText,
  ifMatchHeaders,
  integerParameter,
  readJson,
  text,
  validBody,
  versionTag,
  wantedVersions,
  type Problem,
  type ZodFastify,
} from '@homeroom/chassis';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { z } from 'zod';
import { testApp, type TestApp } from './app.ts';

let things: TestApp;
let app: ZodFastify;
let seats = 5;
beforeAll(async () => {
  things = await testApp({
    routes: (it) => {
      const page = z.strictObject({ age: integerParameter(0, 120).optional(), cursor: cursorParameter });
      it.get('/api/things/page', { schema: { querystring: page } }, (request) => request.query);
      it.get('/api/things/class', (_request, reply) => reply.header('etag', versionTag(3)).send({ seats }));
      it.patch('/api/things/class', { schema: { headers: ifMatchHeaders } }, async (request, reply) => {
        const admitted = wantedVersions(request.headers['if-match'])?.includes(3) ?? true;
        return reply.code(admitted ? 200 : 412).send({ admitted });
      });
      it.get('/api/things/streams/live', { exposeHeadRoute: false }, () => ({}));
    },
  });
  app = things.app;
});
afterAll(() => app.close());

interface Refusal {
  status: number;
  code: string;
  allow: unknown;
  errors: { in: string; field: string; message: string }[];
}

async function ask(request: InjectOptions | string): Promise<Refusal> {
  const answer = await app.inject(request);
  const { code, errors } = answer.body === '' ? {} : answer.json();
  return { status: answer.statusCode, code, allow: answer.headers['allow'], errors };
}

describe('S15: a known path with another method', () => {
  test.each([
    ['DELETE', '/api/things', 'GET, HEAD, OPTIONS, POST'],
    ['PUT', '/api/things/42', 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/api/things?limit=1', 'GET, HEAD, OPTIONS, POST'],
    ['HEAD', '/api/things/streams/live', 'GET, OPTIONS'],
  ])('%s %s is 405 with Allow', async (method, url, allow) => {
    const answer = await ask({ method: method as 'PUT', url });
    expect(answer).toMatchObject({ status: 405, allow });
    if (method !== 'HEAD') expect(answer.code).toBe('method_not_allowed');
  });

  test('OPTIONS is 204 with Allow, and no path is 404', async () => {
    expect(await ask({ method: 'OPTIONS', url: '/api/things' })).toMatchObject({
      status: 204,
      allow: 'GET, HEAD, OPTIONS, POST',
    });
    expect(await ask({ method: 'OPTIONS', url: '/api/nothing' })).toMatchObject({ status: 404, allow: undefined });
    expect(await ask({ method: 'DELETE', url: '/api/nothing' })).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('S13: bodies that are not what they claim', () => {
  const post = (payload: string | Buffer, headers: Record<string, string> = {}): Promise<Refusal> =>
    ask({ method: 'POST', url: '/api/things', headers: { 'content-type': 'application/json', ...headers }, payload });

  test('JSON that is not UTF-8 is refused, not mangled', async () => {
    const latin1 = Buffer.from('{"name":"Zo\u00eb"}', 'latin1');
    expect(await post(latin1)).toMatchObject({ status: 400, code: 'malformed_json' });
  });

  test.each([
    ['an unknown charset', { 'content-type': 'application/json; charset=iso-8859-1' }],
    ['a charset that is none', { 'content-type': 'application/json; charset="nonsense"' }],
    ['an encoding', { 'content-encoding': 'gzip' }],
    ['an unknown encoding', { 'content-encoding': 'cow' }],
  ])('%s is 415', async (_what, headers) => {
    expect(await post('{"name":"a"}', headers)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  test.each([
    ['UTF-8 by name', { 'content-type': 'application/json; charset="UTF-8"' }],
    ['the identity encoding', { 'content-encoding': 'identity' }],
  ])('%s is accepted', async (_what, headers) => {
    expect((await post('{"name":"Zoë"}', headers)).status).toBe(201);
  });
});

describe('S11: a route that parses its body itself', () => {
  const schema = z.object({ id: foreignText(20) });
  const refusal = (json: string): Problem => {
    try {
      validBody(schema, readJson(Buffer.from(json)));
    } catch (error) {
      return error as Problem;
    }
    throw new Error('it was accepted');
  };

  test.each([
    ['a high surrogate alone', String.raw`{"id":"\ud800"}`],
    ['a low surrogate alone, in a key', String.raw`{"id":"a","\udc00":1}`],
    ['a NUL', String.raw`{"id":"a\u0000"}`],
    ['nesting without end', `{"id":"a","b":${'['.repeat(100)}${']'.repeat(100)}}`],
  ])('refuses %s', (_what, json) => expect(refusal(json)).toMatchObject({ status: 422, code: 'validation_failed' }));

  test('refuses what is no JSON', () => expect(refusal('{')).toMatchObject({ status: 400, code: 'malformed_json' }));
});

describe('Contract: queries', () => {
  test.each(['/api/things/page?sort=asc', '/api/things/class?sort=asc', '/api/things/class?age=1'])(
    '%s: an unknown parameter is refused',
    async (url) => expect(await ask(url)).toMatchObject({ status: 422, errors: [{ in: 'query' }] }),
  );

  test.each(['', '%20', '1.5', '1e2', '0x10', '-1', '121', 'seven', '1&age=2'])('age=%s is refused', async (age) => {
    expect(await ask(`/api/things/page?age=${age}`)).toMatchObject({
      status: 422,
      errors: [{ in: 'query', field: 'age' }],
    });
  });

  test('a number is a number', async () =>
    expect((await app.inject('/api/things/page?age=7')).json()).toEqual({ age: 7 }));

  test.each([
    ['a number made by coercion', { querystring: z.strictObject({ age: z.coerce.number() }) }],
    ['a path without a schema', {}],
  ])('%s is refused when the route is declared', async (_what, schema) => {
    const declare = testApp({ routes: (it) => void it.get('/api/things/odd/:id', { schema }, () => ({})) });
    await expect(declare).rejects.toThrow(/^GET \/api\/things\/odd/);
  });
});

describe('Contract: If-Match accepts exactly the ETag that the GET sent', () => {
  const etag = async (): Promise<string> => String((await app.inject('/api/things/class')).headers.etag);
  const change = async (tag: string): Promise<number> =>
    (await ask({ method: 'PATCH', url: '/api/things/class', headers: { 'if-match': tag } })).status;

  test('and a change without a new version is no lost update, but a new ETag', async () => {
    const before = await etag();
    expect(await change(before)).toBe(200);
    seats -= 1;
    expect(await etag()).not.toBe(before);
    expect(await change(before)).toBe(200);
  });

  test.each(['"2"', '"2-AAAAAAAAAAAAAAAAAAAAAA"', 'W/"3"', '3', 'nonsense', ''])('%s is 412', async (tag) =>
    expect(await change(tag)).toBe(412),
  );

  test('HEAD has the ETag of the GET', async () => {
    const head = await app.inject({ method: 'HEAD', url: '/api/things/class' });
    expect([head.headers.etag, head.body]).toEqual([await etag(), '']);
  });
});

describe('D14: messages say what is wrong in plain words', () => {
  const schema = z.strictObject({
    name: text(5),
    guardian: z.strictObject({ email: z.email('must be an email address').max(10) }),
    day: z.iso.date('must be a real day').refine((day) => day < '2000', 'must be before 2000'),
    status: z.enum(['open', 'closed']),
    size: z.int().min(1).max(9),
    tags: z.array(z.string()).max(1),
    on: z.boolean(),
  });
  const good = {
    name: 'Ada',
    guardian: { email: 'a@b.example'.slice(0, 10) },
    day: '1999-01-01',
    status: 'open',
    size: 1,
    tags: [],
    on: true,
  };
  const messages = (change: object): string[] => {
    try {
      validBody(schema, { ...good, ...change });
    } catch (error) {
      const { errors } = (error as Problem).extra as { errors: { field: string; message: string }[] };
      return errors.map(({ field, message }) => `${field} ${message}`);
    }
    return [];
  };

  test.each<[object, string[]]>([
    [{}, []],
    [{ guardian: undefined }, ['guardian is required']],
    [{ guardian: {} }, ['guardian.email is required']],
    [{ guardian: 'Ada' }, ['guardian must be a group of fields']],
    [{ guardian: { email: 'nobody at all' } }, ['guardian.email must be an email address']],
    [{ name: 7 }, ['name must be text']],
    [{ name: '' }, ['name must not be empty']],
    [{ name: 'abcdef' }, ['name must be at most 5 characters']],
    [{ day: '2026-02-30' }, ['day must be a real day']],
    [{ day: '2026-02-20' }, ['day must be before 2000']],
    [{ status: 'ajar' }, ['status must be one of open, closed']],
    [{ status: undefined }, ['status is required']],
    [{ name: null }, ['name is required']],
    [{ size: '1' }, ['size must be a number']],
    [{ size: 1.5 }, ['size must be a whole number']],
    [{ size: 0 }, ['size must be at least 1']],
    [{ tags: ['a', 'b'] }, ['tags must have at most 1 item']],
    [{ on: 'yes' }, ['on must be true or false']],
    [{ color: 'red' }, ['color is not a known field']],
  ])('%j', (change, expected) => expect(messages(change)).toEqual(expected));
});
