import { chassisProblem, type ZodFastify } from '@homeroom/chassis';
import { waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fastify } from 'fastify';
import { z } from 'zod';
import { testApp, type TestApp } from './app.ts';

let things: TestApp;
let app: ZodFastify;
beforeAll(async () => {
  things = await testApp({
    env: {
      TRUSTED_PROXIES: '10.1.0.0/16, fd00::/8',
      PUBLIC_ORIGIN: 'https://homeroom.example',
      BODY_LIMIT_BYTES: '2000',
    },
    unavailable: (error) => error instanceof Error && error.message === 'database down',
    routes: (server) => {
      server.get('/api/things/down', () => {
        throw new Error('database down');
      });
      server.get('/api/things/busy', () => {
        throw chassisProblem('precondition_failed', 'a detail', { retryAfterSeconds: 3 });
      });
      server.get('/api/things/reused', () => {
        // as libs/postgres throws it, which does not know the chassis
        throw Object.assign(new Error('this key was used'), { code: 'idempotency_key_reused' });
      });
      server.post('/api/things/deep', { schema: { body: z.array(z.unknown()) } }, () => ({}));
      server.get('/api/things/versioned', (_request, reply) => reply.header('etag', '"7"').send({ version: 7 }));
    },
  });
  app = things.app;
});
afterAll(() => app.close());

const post = (payload: unknown, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/api/things',
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });

describe('what is refused', () => {
  test('names every field at once, unknown ones too, and where it was', async () => {
    const answer = await post({ name: '', size: 'big', color: 'red' });
    expect(answer.statusCode).toBe(422);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    const problem = answer.json<{ code: string; instance: string; errors: { in: string; field: string }[] }>();
    expect(problem.code).toBe('validation_failed');
    expect(problem.instance).toBe(answer.headers['x-request-id']);
    expect(problem.errors.map(({ in: part, field }) => `${part} ${field}`).sort()).toEqual([
      'body color',
      'body name',
      'body size',
    ]);
  });

  test('says that a query or a path is at fault', async () => {
    const query = await app.inject('/api/things?limit=abc&page=2');
    expect(query.json()).toMatchObject({
      code: 'validation_failed',
      errors: [
        { in: 'query', field: 'limit' },
        { in: 'query', field: 'page', message: 'is not a known field' },
      ],
    });
    const path = await app.inject(`/api/things/${'x'.repeat(60)}`);
    expect(path.json()).toMatchObject({ code: 'validation_failed', errors: [{ in: 'params', field: 'id' }] });
  });

  test.each([
    ['malformed JSON', '{"name":', 400, 'malformed_json'],
    ['no body', '', 400, 'malformed_json'],
    ['__proto__', '{"name":"a","__proto__":{"admin":true}}', 400, 'malformed_json'],
    ['constructor.prototype', '{"name":"a","constructor":{"prototype":{"admin":true}}}', 400, 'malformed_json'],
    ['a body that is too large', JSON.stringify({ name: 'a'.repeat(3_000) }), 413, 'body_too_large'],
    ['a NUL byte in text', '{"name":"a\\u0000b"}', 422, 'validation_failed'],
    ['half a character', '{"name":"\\ud83d"}', 422, 'validation_failed'],
    ['a list where an object belongs', '[]', 422, 'validation_failed'],
    ['null', 'null', 422, 'validation_failed'],
  ])('%s', async (_, body, status, code) => {
    const answer = await post(body);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ code, status });
  });

  test.each([
    ['text/plain', 415],
    ['application/xml', 415],
    ['application/jsonp', 415],
    ['\tapplication/json', 201],
    ['application/json; charset=utf-8', 201],
  ])('content type %j gives %i', async (type, status) => {
    const answer = await post({ name: 'a' }, { 'content-type': type });
    expect(answer.statusCode).toBe(status);
    // however the parser reads the header, the schema is never skipped
    const empty = await post({ name: '' }, { 'content-type': type });
    expect(empty.statusCode).toBe(status === 201 ? 422 : 415);
  });

  test('nesting without end', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/things/deep',
      headers: { 'content-type': 'application/json' },
      payload: '['.repeat(900) + ']'.repeat(900),
    });
    expect(answer.json()).toMatchObject({ code: 'validation_failed' });
  });

  test.each([
    ['a NUL byte in the path', '/api/things/a%00b', 400, 'bad_request'],
    ['a NUL byte in the query', '/api/things?limit=%00', 400, 'bad_request'],
    ['a path that is not UTF-8', '/api/things/%E0%A4%A', 400, 'bad_request'],
    ['a long path parameter', `/api/things/${'x'.repeat(101)}`, 400, 'bad_request'],
    ['many query parameters', `/api/things?${'a&'.repeat(101)}`, 400, 'bad_request'],
    ['an unknown path', '/api/nothing', 404, 'not_found'],
    ['a query parameter twice', '/api/things?limit=1&limit=2', 422, 'validation_failed'],
  ])('%s', async (_, url, status, code) => {
    const answer = await app.inject(url);
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  test('a schema that would drop unknown fields is refused when the route is declared', async () => {
    const { app: other } = await testApp();
    const declare = (body: z.ZodType) => () => other.post('/api/loose', { schema: { body } }, () => ({}));
    expect(declare(z.object({ a: z.string() }))).toThrow('POST /api/loose: its body must be a z.strictObject');
    expect(declare(z.strictObject({ a: z.array(z.object({ b: z.string() })).optional() }))).toThrow(
      'its body.a must be',
    );
    await other.close();
  });
});

describe('what breaks', () => {
  test('is a 500 that says nothing of the reason, which is in the log', async () => {
    const answer = await app.inject('/api/things/broken');
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ code: 'internal' });
    expect(answer.body).not.toMatch(/hunter2|10\.0\.0\.7/);
    expect(things.lines.findLast(({ msg }) => msg === 'request failed')).toMatchObject({
      level: 'error',
      err: { message: expect.stringContaining('hunter2') },
    });
  });

  test('is a 503 with Retry-After when a dependency is down', async () => {
    const answer = await app.inject('/api/things/down');
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([503, 'unavailable']);
    expect(answer.headers['retry-after']).toBe('2');
  });

  test('is a 422 when an Idempotency-Key came with another request', async () => {
    const answer = await app.inject('/api/things/reused');
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('a problem keeps its own code, detail and Retry-After', async () => {
    const answer = await app.inject('/api/things/busy');
    expect(answer.json()).toMatchObject({ code: 'precondition_failed', status: 412, detail: 'a detail' });
    expect(answer.headers['retry-after']).toBe('3');
  });
});

describe('every answer', () => {
  test.each(['/api/things', '/api/nothing', '/api/things/broken', '/api/things/%E0%A4%A'])(
    'has the security headers: %s',
    async (url) => {
      const { headers } = await app.inject(url);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('x-powered-by');
    },
  );

  test('has a policy that allows nothing, and HSTS when the origin is https', async () => {
    const { headers } = await app.inject('/api/things');
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'strict-transport-security': 'max-age=63072000; includeSubDomains',
    });
    const plain = await testApp();
    expect((await plain.app.inject('/api/things')).headers).not.toHaveProperty('strict-transport-security');
    await plain.app.close();
  });
});

describe('who the client is', () => {
  const from = (remoteAddress: string, headers: Record<string, string> = {}) =>
    app.inject({ url: '/api/things', remoteAddress, headers });
  const forged = { 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'r-1' };

  test('a trusted proxy is believed about the address and the request id', async () => {
    const answer = await from('10.1.2.3', forged);
    expect(answer.json()).toMatchObject({ ip: '203.0.113.9' });
    expect(answer.headers['x-request-id']).toBe('r-1');
    expect((await from('::ffff:10.1.2.3', forged)).json()).toMatchObject({ ip: '203.0.113.9' });
  });

  test('anyone else is not', async () => {
    const answer = await from('10.2.0.1', forged);
    expect(answer.json()).toMatchObject({ ip: '10.2.0.1' });
    expect(answer.headers['x-request-id']).not.toBe('r-1');
  });

  test('what a client wrote before the proxy did counts for nothing', async () => {
    const answer = await from('10.1.2.3', { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' });
    expect(answer.json()).toMatchObject({ ip: '203.0.113.9' });
  });

  testWithSwitch(
    'S9: a client from a range of the proxies is one client, even when it forges addresses behind a proxy that appends',
    { name: 'TRUSTED_PROXIES', on: '10.1.0.0/16, fd00::/8', off: '', failure: /\+ +"ip": "10\.1\.2\.3"/ },
    async (ranges) => {
      const client = '10.1.7.7';
      const { app: behindProxy } = await testApp({ env: { TRUSTED_PROXIES: ranges } });
      try {
        for (const forgery of [
          '198.51.100.1',
          '198.51.100.2, 10.1.2.3',
          '10.1.0.1, 10.1.0.2, 10.1.0.3',
          'fd00::1',
          'x',
          ', ,',
        ]) {
          const headers = { 'x-forwarded-for': `${forgery}, ${client}` };
          const answer = await behindProxy.inject({ url: '/api/things', remoteAddress: '10.1.2.3', headers });
          expect(answer.json()).toMatchObject({ ip: client });
        }
      } finally {
        await behindProxy.close();
      }
    },
  );

  test('S9: believing every address of the ranges, as a list of them does, the same client is as many as it likes', async () => {
    const believing = fastify({ trustProxy: ['10.1.0.0/16'] });
    believing.get('/', ({ ip }) => ({ ip }));
    const ips = ['198.51.100.1', '198.51.100.2'].map(async (forgery) => {
      const headers = { 'x-forwarded-for': `${forgery}, 10.1.7.7` };
      return (await believing.inject({ url: '/', remoteAddress: '10.1.2.3', headers })).json<{ ip: string }>().ip;
    });
    expect(await Promise.all(ips)).toEqual(['198.51.100.1', '198.51.100.2']);
    await believing.close();
  });

  test('a request id that would break a log or a header is replaced', async () => {
    const answer = await from('10.1.2.3', { 'x-request-id': 'a b"c' });
    expect(answer.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
  });

  test('without trusted proxies no peer may name the client', async () => {
    const plain = await testApp();
    const answer = await plain.app.inject({ url: '/api/things', remoteAddress: '10.1.2.3', headers: forged });
    expect(answer.json()).toMatchObject({ ip: '10.1.2.3' });
    await plain.app.close();
  });
});

describe('an unsafe request with a cookie', () => {
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await post({ name: 'a' }, { host: 'homeroom.example', cookie: 'homeroom=x', ...headers })).statusCode;

  test.each([
    ['from our own origin', { origin: 'https://homeroom.example' }, 201],
    ['from the same host', { host: '127.0.0.1:3101', origin: 'http://127.0.0.1:3101' }, 201],
    ['from a program, without an origin', {}, 201],
    ['from another site', { origin: 'https://evil.example' }, 403],
    ['from our name on another scheme’s port', { origin: 'https://homeroom.example:8443' }, 403],
    ['from a site that begins like ours', { origin: 'https://homeroom.example.evil.example' }, 403],
    ['from a sandboxed frame', { origin: 'null' }, 403],
    ['from another site that hides its origin', { 'sec-fetch-site': 'cross-site' }, 403],
  ])('%s', async (_, headers: Record<string, string>, expected) => {
    expect(await status(headers)).toBe(expected);
  });

  test('is not looked at without a cookie, nor when it is safe', async () => {
    expect((await post({ name: 'a' }, { origin: 'https://evil.example' })).statusCode).toBe(201);
    const read = await app.inject({
      url: '/api/things',
      headers: { origin: 'https://evil.example', cookie: 'homeroom=x' },
    });
    expect(read.statusCode).toBe(200);
  });
});

describe('reading JSON again', () => {
  test('gets 304 without a body while nothing has changed', async () => {
    const first = await app.inject('/api/things?limit=5');
    const etag = String(first.headers.etag);
    expect(etag).toMatch(/^W\/"[\w-]+"$/);
    const again = await app.inject({ url: '/api/things?limit=5', headers: { 'if-none-match': `"other", ${etag}` } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    expect(again.headers.etag).toBe(etag);
    const changed = await app.inject({ url: '/api/things?limit=6', headers: { 'if-none-match': etag } });
    expect(changed.statusCode).toBe(200);
  });

  test('Contract: a version’s ETag also has the digest of the content: it distinguishes versions and contents', async () => {
    const first = await app.inject('/api/things/versioned');
    expect(first.headers.etag).toMatch(/^"7-[\w-]{22}"$/);
    const again = await app.inject({
      url: '/api/things/versioned',
      headers: { 'if-none-match': `W/${first.headers.etag}` },
    });
    expect([again.statusCode, again.headers.etag]).toEqual([304, first.headers.etag]);
  });

  test('problems and writes have none', async () => {
    expect((await app.inject('/api/nothing')).headers).not.toHaveProperty('etag');
    expect((await post({ name: 'a' })).headers).not.toHaveProperty('etag');
  });
});

describe('what is seen from outside', () => {
  test('one log line for a request, with the route’s template and without query, cookie, body or address', async () => {
    const before = things.lines.length;
    await app.inject({
      url: '/api/things/secret-id?token=hunter2',
      remoteAddress: '10.1.2.3',
      headers: { cookie: 'homeroom=topsecret', 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'r-77' },
    });
    await waitFor('the line', () => things.lines.length > before);
    expect(things.lines.slice(before)).toEqual([
      expect.objectContaining({
        msg: 'request',
        method: 'GET',
        route: '/api/things/:id',
        status: 200,
        request_id: 'r-77',
      }),
    ]);
    expect(JSON.stringify(things.lines)).not.toMatch(/secret-id|hunter2.{0,3}"[^m]|topsecret|203\.0\.113\.9/);
  });

  test('the trace of the caller continues', async () => {
    const before = things.lines.length;
    const traceId = 'c'.repeat(32);
    await app.inject({ url: '/api/things', headers: { traceparent: `00-${traceId}-${'d'.repeat(16)}-01` } });
    await waitFor('the line', () => things.lines.length > before);
    expect(things.lines.at(-1)).toMatchObject({ trace_id: traceId });
  });

  test('a histogram by method, route and status', async () => {
    await app.inject('/api/things/42');
    await app.inject('/api/nothing/42');
    const text = await things.metrics.registry.metrics();
    const counted = text.split('\n').filter((line) => line.startsWith('http_request_duration_seconds_count'));
    expect(counted).toContainEqual(expect.stringContaining('method="GET",route="/api/things/:id",status_code="200"'));
    expect(counted).toContainEqual(expect.stringContaining('method="GET",route="unmatched",status_code="404"'));
    expect(counted.join()).not.toContain('42"');
  });

  test('health on the app itself', async () => {
    const probe = async (path: string): Promise<number> => (await app.inject(`/health/${path}`)).statusCode;
    expect([await probe('live'), await probe('ready'), await probe('startup')]).toEqual([200, 503, 503]);
    things.health.markStarted();
    expect([await probe('live'), await probe('ready'), await probe('startup')]).toEqual([200, 200, 200]);
  });
});

describe('the description of the service', () => {
  test('is OpenAPI 3.1 from the routes’ schemas, with every status that each may answer', async () => {
    const answer = await app.inject('/api/things/openapi.json');
    expect(answer.headers['content-type']).toContain('application/json');
    const document = answer.json<{ openapi: string; paths: Record<string, Record<string, unknown>> }>();
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/api/things/{id}');
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/health') || path.includes('docs'))).toEqual(
      [],
    );
    expect(document.paths['/api/things']?.['post']).toMatchObject({
      requestBody: { content: { 'application/json': { schema: { additionalProperties: false, required: ['name'] } } } },
      responses: {
        503: {
          content: {
            'application/problem+json': { schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, {}] } },
          },
        },
      },
    });
    expect(document).toMatchObject({ components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie' } } } });
  });

  test('is also a page, whose scripts and styles its own policy lets in', async () => {
    const page = await app.inject('/api/things/docs/');
    expect(page.headers['content-type']).toContain('text/html');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("script-src 'self'");
    expect(page.body).not.toMatch(/<script(?![^>]*src=)|\son\w+=/);
    const files = [...page.body.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect((await app.inject(`/api/things/docs/${file}`)).statusCode).toBe(200);
    const initializer = await app.inject('/api/things/docs/static/swagger-initializer.js');
    expect(initializer.body).toContain('/api/things/openapi.json');
  });
});
