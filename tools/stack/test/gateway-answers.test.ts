import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestGateway, type Answer } from './test-gateway.ts';

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.open();
});
afterAll(() => gateway.close());

describe('S5: the log of the gateway', () => {
  test('holds no query, no calendar’s key, and nothing of what is not HTTP', async () => {
    const paths = [
      '/api/families?q=SEARCHED&cursor=SEARCHED',
      '/api/calendars/CALENDARKEY.ics',
      '/api/calendars/CALENDARKEY.ics?x=SEARCHED',
      '/API/Calendars%2fCALENDARKEY',
      '//api/calendars//CALENDARKEY',
      '/?q=SEARCHED',
      '/nowhere?q=SEARCHED',
      `/api/families?q=SEARCHED${'x'.repeat(8_000)}`,
    ];
    for (const path of paths) await gateway.get(path, { referer: 'http://h/?q=SEARCHED', cookie: 'session=COOKIE' });
    await gateway.raw('GET /api/families?q=SEARCHED CALENDARKEY HTTP/1.1\r\nHost: h\r\n\r\n');
    await gateway.raw('GET /api/calendars/CALENDARKEY HTTP/1.1\r\nHo st: COOKIE\r\n\r\n');
    const log = await waitFor('all of it to be logged', () => {
      const text = gateway.log();
      return text.match(/<BADREQ>/g)?.length === 2 && text;
    });
    expect(log).not.toMatch(/SEARCHED|CALENDARKEY|COOKIE/);
    expect(log).toContain('GET /api/calendars/_\n');
  });

  test('says who asked for what, who answered, how long it took, and under which id', async () => {
    const { headers } = await gateway.get('/api/families/f-1?q=1', {}, '127.4.4.4');
    const id = String(headers['x-request-id']);
    const line = await waitFor('its line', () =>
      gateway
        .log()
        .split('\n')
        .find((text) => text.includes(id)),
    );
    expect(line).toMatch(
      /^127\.4\.4\.4:\d+ \[[^\]]+\] gateway families\/families-[12] \d+\/\d+\/\d+\/\d+\/\d+ 200 .* client=127\.4\.4\.4 id=[0-9a-f-]+ GET \/api\/families\/f-1$/,
    );
  });
});

describe('S12: every answer of the gateway itself', () => {
  const refusals: [string, number, string, () => Promise<Answer>][] = [
    ['an unknown path', 404, 'not_found', () => gateway.get('/wp-login.php')],
    ['the same for a browser', 404, 'not_found', () => gateway.get('/wp-login.php', { accept: 'text/html' })],
    ['a POST to the page', 404, 'not_found', () => gateway.send('/', { method: 'POST' })],
    ['a URL that is too long', 414, 'url_too_long', () => gateway.get(`/api/families?q=${'x'.repeat(9_000)}`)],
    ['headers that are too large', 431, 'headers_too_large', () => gateway.get('/', { 'x-a': 'x'.repeat(15_000) })],
    [
      'an answer that breaks off',
      502,
      'bad_gateway',
      () => gateway.send('/api/families/broken', { method: 'POST', agent: false }),
    ],
    ['a service without an instance', 503, 'unavailable', () => gateway.get('/api/classes')],
  ];

  test.each(refusals)('%s: %i %s as a problem, with the headers of every answer', async (_, status, code, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({ ...securityHeaders, 'content-type': 'application/problem+json' });
    expect(JSON.parse(answer.text)).toMatchObject({ status, code, instance: answer.headers['x-request-id'] });
    expect(answer.headers).not.toHaveProperty('strict-transport-security');
  });

  test('a service that answers too late: 504 as a problem, with the headers of every answer', async () => {
    await gateway.start({}, (text) => text.replace('timeout server 60s', 'timeout server 200ms'));
    const answer = await gateway.send('/api/families/late', { method: 'POST' });
    await gateway.start({});
    expect(answer.status).toBe(504);
    expect(answer.headers).toMatchObject({ ...securityHeaders, 'content-type': 'application/problem+json' });
    expect(JSON.parse(answer.text)).toMatchObject({ status: 504, code: 'gateway_timeout' });
  });

  test('the page and its icon cannot be framed, and the page runs no script', async () => {
    const page = await gateway.get('/');
    expect(page.headers).toMatchObject({
      ...securityHeaders,
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
    expect(page.text).not.toMatch(/<script|<img|<link|@import|url\(/i);
    const icon = await gateway.get('/favicon.ico');
    expect(icon.status).toBe(204);
    expect(icon.headers).toMatchObject(securityHeaders);
  });

  test('the page about balancing, and its metrics', async () => {
    for (const path of ['/', '/metrics']) {
      const { status, headers } = await gateway.send(path, { port: gateway.ports.balance });
      expect(status).toBe(200);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    }
  });

  test.each([
    ['what is not HTTP', 'GET / / HTTP/1.1\r\nHo st: h\r\n\r\n'],
    ['a head larger than a buffer', `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(60_000)}\r\n\r\n`],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ])('%s gets none: HAProxy’s own page would have no headers', async (_, bytes) => {
    expect(await gateway.raw(bytes)).toBe('');
  });

  test('a request that never ends gets none', async () => {
    await gateway.start({}, (text) => text.replace('timeout http-request 10s', 'timeout http-request 200ms'));
    expect(await gateway.raw('GET / HTTP/1.1\r\nHo')).toBe('');
    await gateway.start({});
  });

  test('what a service has set stays', async () => {
    const { headers } = await gateway.get('/api/families/own-headers');
    expect(headers).toMatchObject({
      'cache-control': 'private, max-age=5',
      'content-security-policy': 'default-src x',
    });
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });

  test('asks browsers to stay with https where that is the public origin', async () => {
    await gateway.start({ publicOrigin: 'https://homeroom.example' });
    for (const path of ['/', '/nowhere', '/api/families', '/api/classes'])
      expect((await gateway.get(path)).headers['strict-transport-security']).toBe(
        'max-age=63072000; includeSubDomains',
      );
    await gateway.start({});
  });

  test('no code is answered that the README does not list, and the other way round', () => {
    const shared = join(import.meta.dirname, '../../../charts/homeroom/files/gateway/gateway.cfg');
    const answered = readFileSync(shared, 'utf8').matchAll(/"status":(\d+),"code":"(\w+)"/g);
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8').matchAll(
      /^\| `(\w+)` +\| (\d{3}) +\|/gm,
    );
    expect(Array.from(answered, ([, status, code]) => `${code} ${status}`).toSorted()).toEqual(
      Array.from(readme, ([, code, status]) => `${code} ${status}`).toSorted(),
    );
  });
});

describe('S14: one address', () => {
  const client = '127.9.9.9';

  async function hold(count: number, from: string): Promise<Socket[]> {
    const sockets = Array.from({ length: count }, () =>
      connect({ port: gateway.ports.gateway, host: gateway.host, localAddress: from }).on('error', () => undefined),
    );
    await waitFor('the connections', () => sockets.every(({ connecting }) => !connecting));
    return sockets;
  }

  /** What a request gets while so many connections of its address are open, once all of them are counted. */
  async function whileHolding(count: number, from: string, expected: (answer: Answer | Error) => boolean) {
    const held = await hold(count, from);
    try {
      return await waitFor(`the answer beside ${count} connections`, async () => {
        const answer = await gateway
          .send('/api/families', { localAddress: from, agent: false })
          .catch((error: unknown) => error as Error);
        return expected(answer) && answer;
      });
    } finally {
      for (const socket of held) socket.destroy();
    }
  }
  const status = (wanted: number) => (answer: Answer | Error) => 'status' in answer && answer.status === wanted;

  testWithSwitch(
    'may have so many connections and no more, and others have theirs',
    { name: '--connections-per-address', on: 4, off: 0, failure: /Expected: 429\s+Received: 200/ },
    async (connectionsPerAddress) => {
      await gateway.start({ connectionsPerAddress });
      const ask = (agent: Agent | false): Promise<Answer> =>
        gateway.send('/api/families', { localAddress: client, agent });
      const kept = new Agent({ keepAlive: true });
      try {
        // a connection that has had an answer is counted, and stays open
        const answers = await Promise.all(Array.from({ length: 4 }, () => ask(kept)));
        expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
        const refused = await ask(false);
        expect(refused.status).toBe(429);
        expect(refused.headers).toMatchObject({ ...securityHeaders, 'retry-after': '10', connection: 'close' });
        expect(JSON.parse(refused.text)).toMatchObject({ status: 429, code: 'too_many_connections' });
        expect((await gateway.get('/api/families', {}, '127.9.9.8')).status).toBe(200);
      } finally {
        kept.destroy();
      }
    },
  );

  test('is not even answered when it has twice as many', async () => {
    await gateway.start({ connectionsPerAddress: 4 });
    const refused = await whileHolding(8, client, (answer) => !('status' in answer));
    expect(refused).toMatchObject({ code: 'ECONNRESET' });
  });

  test('may open four times as many in ten seconds, one after the other', async () => {
    await gateway.start({ connectionsPerAddress: 4 });
    const statuses: number[] = [];
    for (let request = 1; request <= 17; request++)
      statuses.push((await gateway.send('/api/families', { localAddress: client, agent: false })).status);
    expect(statuses.filter((one) => one === 200)).toHaveLength(15);
    expect(statuses.slice(-2)).toEqual([429, 429]);
  });

  test('has no limit where it is switched off, or the address is a trusted proxy’s', async () => {
    await gateway.start({ connectionsPerAddress: 0 });
    expect(await whileHolding(20, client, status(200))).toBeDefined();
    await gateway.start({ connectionsPerAddress: 4, trustedProxies: ['127.9.0.0/16'] });
    expect(await whileHolding(20, client, status(200))).toBeDefined();
  });

  test('is answered six hundred times a minute by the gateway itself, and then refused, and reaches the services all the same', async () => {
    await gateway.start({});
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    try {
      const ask = (): Promise<Answer> => gateway.send('/nowhere', { localAddress: client, agent });
      const statuses = await Promise.all(Array.from({ length: 610 }, async () => (await ask()).status));
      expect(statuses.filter((one) => one === 404)).toHaveLength(600);
      const refused = await ask();
      expect(refused.status).toBe(429);
      expect(refused.headers).toMatchObject({ ...securityHeaders, 'retry-after': '60', connection: 'close' });
      expect(JSON.parse(refused.text)).toMatchObject({ status: 429, code: 'rate_limited' });
      expect((await gateway.get('/nowhere', {}, '127.9.9.8')).status).toBe(404);
      expect((await gateway.get('/api/families', {}, client)).status).toBe(200);
    } finally {
      agent.destroy();
    }
  });
});

describe('S16: the hint of how long a connection is kept', () => {
  test('is the service’s own to the gateway, and does not reach the client', async () => {
    const hint = await fetch(`http://${gateway.host}:${gateway.ports['families-1']}/api/families`);
    expect(hint.headers.get('keep-alive')).toBe('timeout=72');
    for (const path of ['/api/families', '/', '/nowhere'])
      expect((await gateway.get(path)).headers).not.toHaveProperty('keep-alive');
  });
});

describe('S9: who the client is', () => {
  const proxy = '127.7.0.1';
  const seenAs = async (from: string, forwarded?: string): Promise<string | undefined> =>
    (await gateway.seen('/api/families', forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, from))
      .headers['x-forwarded-for'];

  test('is the peer, regardless of its claims, as long as no proxy is trusted', async () => {
    await gateway.start({});
    expect(await seenAs(proxy, '10.1.2.3')).toBe(proxy);
  });

  test('is what a trusted proxy has appended last, and of what stands before it nothing is believed', async () => {
    await gateway.start({ trustedProxies: ['127.7.0.0/16', 'fd00::/8'] });
    for (const forged of ['', '6.6.6.6, ', '127.7.0.1, 6.6.6.6, ', 'nonsense, ,', '6.6.6.6, '.repeat(50)])
      expect(await seenAs(proxy, `${forged}10.1.2.3`)).toBe('10.1.2.3');
    expect(await seenAs(proxy, '6.6.6.6, 2001:db8::7')).toBe('2001:db8::7');
  });

  test('is looked for behind a second and a third trusted proxy', async () => {
    expect(await seenAs(proxy, '6.6.6.6, 10.1.2.3, 127.7.0.2')).toBe('10.1.2.3');
    expect(await seenAs(proxy, '6.6.6.6, 10.1.2.3, fd00::2, 127.7.0.2')).toBe('10.1.2.3');
  });

  test('is the proxy itself where it says nothing, or nothing that is an address', async () => {
    expect(await seenAs(proxy)).toBe(proxy);
    expect(await seenAs(proxy, '10.1.2.3, unknown')).toBe(proxy);
  });

  test('is the peer where the peer is not one of the trusted', async () => {
    expect(await seenAs('127.8.0.1', '10.1.2.3')).toBe('127.8.0.1');
  });

  test('is one address in one header, however many came', async () => {
    const { headers } = await gateway.seen(
      '/api/families',
      { 'X-Forwarded-For': ['6.6.6.6', '10.1.2.3'] as unknown as string },
      proxy,
    );
    expect(headers['x-forwarded-for']).toBe('10.1.2.3');
  });
});
