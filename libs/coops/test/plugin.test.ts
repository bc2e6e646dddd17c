import {
  createLogger,
  createServer,
  defineErrors,
  Health,
  loadConfig,
  Metrics,
  processConfig,
} from '@homeroom/chassis';
import { coopsPlugin, Directory, requireCoop, type Coop } from '@homeroom/coops';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connect } from 'node:net';
import { aCoop } from './coops.ts';

const logger = createLogger({ service: 'test', level: 'silent', format: 'json' });
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function startApp(coops: Coop[], env: Record<string, string> = {}) {
  const config = loadConfig(processConfig, { LOG_LEVEL: 'silent', RATE_LIMIT_PER_MINUTE: '0', ...env });
  const health = new Health();
  const app = await createServer({
    ...{ service: 'test', config, health },
    logger,
    metrics: new Metrics({ service: 'test', defaults: false }),
    errors: defineErrors({}),
    openapi: { title: 'Test', description: '', version: '1.0.0' },
  });
  closing.push(
    () => app.close(),
    () => health.stop(),
  );
  const directory = new Directory(coops);
  await app.register(coopsPlugin, { directory });
  app.get('/api/name', async (request) => ({ name: requireCoop(request).name }));
  app.get('/account/page', async () => ({ page: true }));
  app.get('/api/operators', { config: { withoutCoop: true } }, async (request) => ({ name: request.coop?.name }));
  app.post('/api/operators', { config: { withoutCoop: true } }, async () => ({}));
  app.get('/api/own', { config: { withoutCoop: true } }, async (request) => ({ name: requireCoop(request).name }));
  return { app, directory };
}

type App = Awaited<ReturnType<typeof startApp>>['app'];

async function ask(app: App, url: string, headers: Record<string, string> = {}, remoteAddress = '192.0.2.7') {
  const { statusCode, payload } = await app.inject({ url, headers, remoteAddress });
  const body = JSON.parse(payload) as { name?: string; code?: string; title?: string; detail?: string };
  return { status: statusCode, ...body };
}

const willow = aCoop({ name: 'Willow', hosts: ['willow.example'] });
const birch = aCoop({ name: 'Birch', hosts: ['birch.example'] });

describe('the co-op of a request', () => {
  test('an installation with one co-op answers on every host', async () => {
    const { app } = await startApp([willow]);
    for (const host of ['127.0.0.1:8080', 'willow.example', 'nobody.example', 'a b', ''])
      expect(await ask(app, '/api/name', { host })).toMatchObject({ status: 200, name: 'Willow' });
  });

  test('of several it is decided by the host, in any spelling', async () => {
    const { app } = await startApp([willow, birch]);
    expect(await ask(app, '/api/name', { host: 'WILLOW.example.:8080' })).toMatchObject({
      status: 200,
      name: 'Willow',
    });
    expect(await ask(app, '/api/name', { host: 'birch.example' })).toMatchObject({ status: 200, name: 'Birch' });
  });

  test('an unknown host gets 404 with a sentence, on every path', async () => {
    const { app } = await startApp([willow, birch]);
    for (const url of ['/api/name', '/account/page', '/api/own', '/nothing/here'])
      expect(await ask(app, url, { host: 'elsewhere.example' })).toMatchObject({
        status: 404,
        code: 'unknown_host',
        title: 'There is no co-op at this address',
        detail: 'Check the address, or ask your co-op for the right one.',
      });
  });

  test('probes and the routes of operators need no co-op', async () => {
    const { app } = await startApp([willow, birch]);
    expect((await ask(app, '/health/live', { host: 'elsewhere.example' })).code).toBeUndefined();
    expect(await ask(app, '/api/operators', { host: 'elsewhere.example' })).toEqual({ status: 200 });
    expect(await ask(app, '/api/operators', { host: 'birch.example' })).toEqual({ status: 200, name: 'Birch' });
  });

  test('whatever the host header holds, the answer is the co-op of that host or 404', async () => {
    const { app } = await startApp([willow, birch]);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.webAuthority()), async (host) => {
        const { status, code } = await ask(app, '/api/name', { host });
        expect([status, code]).toEqual([404, 'unknown_host']);
      }),
      { numRuns: 300 },
    );
  });

  test('a request without a host gets 404, and no error', async () => {
    const { app } = await startApp([willow, birch]);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as { port: number };
    const socket = connect({ host: '127.0.0.1', port });
    closing.push(() => socket.destroy());
    socket.write('GET /api/name HTTP/1.0\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toContain('"code":"unknown_host"');
  });

  test('X-Forwarded-Host counts from a trusted proxy only, and of several entries the last', async () => {
    const { app } = await startApp([willow, birch], { TRUSTED_PROXIES: '10.0.0.0/8' });
    const headers = { host: 'willow.example', 'x-forwarded-host': 'elsewhere.example, birch.example' };
    expect((await ask(app, '/api/name', headers, '10.1.2.3')).name).toBe('Birch');
    expect((await ask(app, '/api/name', headers, '192.0.2.7')).name).toBe('Willow');
    const { app: trustsNobody } = await startApp([willow, birch]);
    expect((await ask(trustsNobody, '/api/name', headers, '10.1.2.3')).name).toBe('Willow');
  });

  test('a page of a co-op may send what a browser sends with its cookie, also behind a proxy that changes Host', async () => {
    const { app } = await startApp([willow, birch], { TRUSTED_PROXIES: '10.0.0.0/8' });
    const from = async (remoteAddress: string, forwarded: string) => {
      const headers = {
        host: 'internal',
        'x-forwarded-host': forwarded,
        cookie: 'a=b',
        origin: 'https://birch.example',
      };
      return (await app.inject({ method: 'POST', url: '/api/operators', headers, remoteAddress })).statusCode;
    };
    expect(await from('10.1.2.3', 'birch.example')).toBe(200);
    expect(await from('10.1.2.3', 'willow.example')).toBe(403);
    expect(await from('192.0.2.7', 'birch.example')).toBe(403);
  });

  test('a change of the directory counts from the next request on', async () => {
    const { app, directory } = await startApp([willow, birch]);
    directory.put({ ...birch, version: 2, hosts: ['new.example'], name: 'Silver Birch' });
    expect((await ask(app, '/api/name', { host: 'birch.example' })).code).toBe('unknown_host');
    expect((await ask(app, '/api/name', { host: 'new.example' })).name).toBe('Silver Birch');
  });

  test('refused hosts count against the rate limit', async () => {
    const { app } = await startApp([willow, birch], { RATE_LIMIT_PER_MINUTE: '2' });
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await ask(app, '/api/name', { host: 'elsewhere.example' })).status);
    expect(statuses).toEqual([404, 404, 429]);
  });
});

describe('a suspended co-op', () => {
  test('answers 403 with a sentence below /api/, and only there', async () => {
    const { app, directory } = await startApp([willow]);
    expect((await ask(app, '/api/name')).status).toBe(200);
    directory.put({ ...willow, version: 2, status: 'suspended' });
    expect(await ask(app, '/api/name')).toMatchObject({
      status: 403,
      code: 'coop_suspended',
      title: 'This co-op is suspended',
    });
    expect((await ask(app, '/account/page')).status).toBe(200);
    expect((await ask(app, '/health/live')).code).toBeUndefined();
    expect((await ask(app, '/api/operators')).status).toBe(200);
    directory.put({ ...willow, version: 3 });
    expect((await ask(app, '/api/name')).status).toBe(200);
  });

  test('does not touch the others', async () => {
    const { app } = await startApp([willow, { ...birch, status: 'suspended' }]);
    expect((await ask(app, '/api/name', { host: 'willow.example' })).status).toBe(200);
    expect((await ask(app, '/api/name', { host: 'birch.example' })).code).toBe('coop_suspended');
  });
});
