import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingHttpHeaders, type RequestOptions, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@homeroom/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { balanceModes, haproxyConfig, type GatewayOptions } from '../src/gateway.ts';
import { landingPage } from '../src/landing-page.ts';
import { portNames, portsOf, type Ports } from '../src/port-table.ts';
import { freePorts } from '../src/ports.ts';
import { Supervisor, untilServing } from '../src/processes.ts';

const host = '127.0.0.1';
let dir: string;
let ports: Ports;
let supervisor: Supervisor;
const upstreams = new Map<string, Upstream>();

interface Upstream {
  server: Server;
  healthy: boolean;
  /** Hangs up on what it has read to the end. */
  dying: boolean;
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'homeroom-gateway-'));
  ports = portsOf(await freePorts(portNames.length));
  supervisor = new Supervisor({ runDir: join(dir, 'run'), logDir: join(dir, 'log') });
  writeFileSync(
    join(dir, 'landing.html'),
    landingPage({ balance: 'http://b', mail: 'http://m', payments: 'http://p' }),
  );
  for (const name of ['families-1', 'families-2'] as const) await startUpstream(name);
  await startGateway({});
});
afterAll(async () => {
  await supervisor.stop(supervisor.names());
  await Promise.all([...upstreams.values()].map(({ server }) => new Promise((resolve) => server.close(resolve))));
  rmSync(dir, { recursive: true });
});

async function startUpstream(name: 'families-1' | 'families-2'): Promise<void> {
  const upstream: Upstream = {
    healthy: true,
    dying: false,
    server: createServer((req, res) => {
      if (req.url === '/health/ready') return void res.writeHead(upstream.healthy ? 200 : 503).end();
      if (req.url === '/api/families/stream') {
        res.write('data: first\n\n');
        return undefined;
      }
      let bytes = 0;
      req.on('data', (chunk: Buffer) => (bytes += chunk.length));
      return void req.on('end', () => {
        if (upstream.dying) return void req.socket.destroy();
        return void res.end(JSON.stringify({ name, headers: req.headers, peer: req.socket.remoteAddress, bytes }));
      });
    }),
  };
  upstreams.set(name, upstream);
  await new Promise<void>((resolve) => upstream.server.listen(ports[name], host, resolve));
}

function config(change: Partial<GatewayOptions>): string {
  const file = join(dir, 'haproxy.cfg');
  const options: GatewayOptions = {
    host,
    ports,
    balance: 'roundrobin',
    weights: [1, 1],
    source: '127.0.0.2',
    landingPage: join(dir, 'landing.html'),
    ...change,
  };
  writeFileSync(file, haproxyConfig(options));
  return file;
}

async function startGateway(change: Partial<GatewayOptions>): Promise<void> {
  await supervisor.stop(['gateway']);
  await supervisor.start({
    name: 'gateway',
    command: 'haproxy',
    args: ['-db', '-f', config(change)],
    ready: (signal) => untilServing(signal, async () => expect((await get('/')).status).toBe(200)),
  });
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

function send(path: string, { body, ...options }: RequestOptions & { body?: string }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host, port: ports.gateway, path, ...options }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () =>
        resolve({ status: res.statusCode!, headers: res.headers, text: Buffer.concat(chunks).toString() }),
      );
    })
      .on('error', reject)
      .end(body);
  });
}

const get = (path: string, headers: Record<string, string> = {}, localAddress = host): Promise<Answer> =>
  send(path, { headers, localAddress });

const seen = async (
  path: string,
  headers?: Record<string, string>,
  from?: string,
): Promise<{ name: string; peer: string; headers: Record<string, string> }> =>
  JSON.parse((await get(path, headers, from)).text);

async function shares(requests: number, from?: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < requests; i++) {
    const { name } = await seen('/api/families', {}, from);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe('the configuration', () => {
  test.each(balanceModes)('is valid for HAProxy with %s', (balance) => {
    const file = config({ balance, weights: [3, 1] });
    expect(execFileSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' })).toContain('valid');
  });
});

describe('the gateway', () => {
  test('replaces what a client claims about itself', async () => {
    const claims = { 'X-Forwarded-For': '1.2.3.4', 'X-Request-Id': 'mine', Forwarded: 'for=1.2.3.4' };
    const { headers, peer } = await seen('/api/families/1', claims, '127.3.4.5');
    expect(headers['x-forwarded-for']).toBe('127.3.4.5');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['forwarded']).toBeUndefined();
    // the one address that the services believe
    expect(peer).toBe('127.0.0.2');
  });

  test('tells the client the id of its request', async () => {
    const { headers, text } = await get('/api/families/1');
    expect(headers['x-request-id']).toBe(JSON.parse(text).headers['x-request-id']);
  });

  test('shows a page that fits into one buffer and needs nothing from elsewhere', async () => {
    const { status, headers, text } = await get('/');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toContain('/api/enrollment/docs');
    expect(text.match(/(?:src|href)="https?:\/\/(?![bmp]")/g)).toBeNull();
    expect(Buffer.byteLength(text)).toBeLessThan(15_000);
  });

  test('answers what nobody serves with a problem', async () => {
    const { status, headers, text } = await get('/wp-login.php');
    expect(status).toBe(404);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({ status: 404, code: 'not_found', instance: headers['x-request-id'] });
  });

  test('does not take one path for another that begins alike', async () => {
    expect((await get('/api/familiesx')).status).toBe(404);
    expect((await get('/api/families?q=a')).status).toBe(200);
    expect((await get('/api/sessions')).status).toBe(200);
  });

  test.each([
    '/api/email-verifications/confirm',
    '/api/password-resets',
    '/api/password-resets/confirm',
    '/api/account/password',
    '/account/verify',
    '/account/reset',
  ])('leads %s to families', async (path) => {
    expect((await seen(path)).name).toMatch(/^families-/);
  });

  test.each(['/accounts', '/account', '/api/accounts'])('leads %s to nobody', async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  test('hands on each piece of a stream as it comes', async () => {
    const stream = connect(ports.gateway, host);
    try {
      let text = '';
      stream.on('data', (chunk) => (text += chunk.toString()));
      stream.write('GET /api/families/stream HTTP/1.1\r\nHost: h\r\n\r\n');
      await waitFor('the first piece', () => text.includes('data: first'));
    } finally {
      stream.destroy();
    }
  });

  test('takes an instance out that is not ready, and in again', async () => {
    const [first, second] = [upstreams.get('families-1')!, upstreams.get('families-2')!];
    first.healthy = false;
    await waitFor('only the second to be asked', async () => (await shares(4))['families-2'] === 4);
    second.healthy = false;
    const refused = await waitFor('nobody to be asked', async () => {
      const answer = await get('/api/families');
      return answer.status === 503 && answer;
    });
    expect(refused.headers['retry-after']).toBe('1');
    expect(JSON.parse(refused.text)).toMatchObject({ status: 503, code: 'unavailable' });
    first.healthy = second.healthy = true;
    await waitFor('both to be asked', async () => Object.keys(await shares(4)).length === 2);
  });
});

describe('an instance that dies while it answers', () => {
  const headers = { 'content-type': 'application/json' };
  /** Four requests are two for each. */
  const four = (body: string, key?: string): Promise<(Answer | Error)[]> =>
    Promise.all(
      [1, 2, 3, 4].map((n) =>
        send('/api/families', {
          method: 'POST',
          headers: { ...headers, ...(key === undefined ? {} : { 'idempotency-key': `${key}-${n}` }) },
          body,
        }).catch((error: unknown) => error as Error),
      ),
    );
  const answers = (all: (Answer | Error)[]): unknown[] =>
    all.map((one) => (one instanceof Error || one.status !== 200 ? 'failed' : JSON.parse(one.text).bytes));

  beforeEach(() => {
    upstreams.get('families-1')!.dying = true;
  });
  afterEach(() => {
    upstreams.get('families-1')!.dying = false;
  });

  test('costs nobody an answer to what may be repeated: a GET, and a POST with an Idempotency-Key', async () => {
    expect(await shares(4)).toEqual({ 'families-2': 4 });
    const body = JSON.stringify('x'.repeat(10_000));
    expect(answers(await four(body, 'key'))).toEqual(Array(4).fill(body.length));
  });

  test('is the client’s to judge where a second time may be a second effect', async () => {
    expect(answers(await four('{}'))).toContain('failed');
  });
});

describe('balancing', () => {
  test('goes round by default', async () => {
    await startGateway({});
    expect(await shares(10)).toEqual({ 'families-1': 5, 'families-2': 5 });
  });

  test('follows weights', async () => {
    await startGateway({ weights: [4, 1] });
    expect(await shares(10)).toEqual({ 'families-1': 8, 'families-2': 2 });
  });

  test('by source keeps a client with its instance, and spreads the clients', async () => {
    await startGateway({ balance: 'source' });
    const homes = new Set<string>();
    for (let client = 1; client <= 12; client++) {
      const counts = await shares(3, `127.1.1.${client}`);
      expect(Object.values(counts)).toEqual([3]);
      homes.add(Object.keys(counts)[0]!);
    }
    expect(homes.size).toBe(2);
  });
});
