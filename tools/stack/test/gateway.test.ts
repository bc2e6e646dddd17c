import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { balanceModes, type Balance } from '../src/options/options.ts';
import { TestGateway, type Answer } from './test-gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.open();
});
afterAll(() => gateway.close());

async function shares(requests: number, from?: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < requests; i++) {
    const { name } = await gateway.seen('/api/families', {}, from);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe('the configuration', () => {
  test.each(balanceModes)('is valid for HAProxy with %s', (balance) => {
    const file = gateway.config({ balance, weights: [3, 1] });
    expect(execFileSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' })).toContain('valid');
  });
});

describe('the gateway', () => {
  test('replaces what a client claims about itself', async () => {
    const claims = {
      'X-Forwarded-For': '1.2.3.4',
      'X-Forwarded-Host': 'other.example',
      'X-Request-Id': 'mine',
      Forwarded: 'for=1.2.3.4',
    };
    const { headers, peer } = await gateway.seen('/api/families/1', claims, '127.3.4.5');
    expect(headers['x-forwarded-for']).toBe('127.3.4.5');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['forwarded']).toBeUndefined();
    // the co-op of a request is that of its Host, which stays
    expect(headers['x-forwarded-host']).toBeUndefined();
    expect(headers['host']).toMatch(/^127\.0\.0\.1:\d+$/);
    // the only proxy that the services trust
    expect(peer).toBe('127.0.0.2');
  });

  test('returns the id of the request to the client', async () => {
    const { headers, text } = await gateway.get('/api/families/1');
    expect(headers['x-request-id']).toBe(JSON.parse(text).headers['x-request-id']);
  });

  test('shows a page that fits into one buffer and needs nothing from elsewhere', async () => {
    const { status, headers, text } = await gateway.get('/');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toContain('/api/enrollment/docs');
    expect(text.match(/(?:src|href)="https?:\/\/(?![bmp]")/g)).toBeNull();
    expect(Buffer.byteLength(text)).toBeLessThan(15_000);
  });

  test('answers unknown paths with a problem', async () => {
    const { status, headers, text } = await gateway.get('/wp-login.php');
    expect(status).toBe(404);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({ status: 404, code: 'not_found', instance: headers['x-request-id'] });
  });

  test('does not confuse paths with the same prefix', async () => {
    expect((await gateway.get('/api/familiesx')).status).toBe(404);
    expect((await gateway.get('/api/families?q=a')).status).toBe(200);
    expect((await gateway.get('/api/sessions')).status).toBe(200);
  });

  test.each([
    '/api/email-verifications/confirm',
    '/api/password-resets',
    '/api/password-resets/confirm',
    '/api/account/password',
    '/account/verify',
    '/account/reset',
  ])('routes %s to families', async (path) => {
    expect((await gateway.seen(path)).name).toMatch(/^families-/);
  });

  test.each(['/accounts', '/account', '/api/accounts'])('routes %s to no service', async (path) => {
    expect((await gateway.get(path)).status).toBe(404);
  });

  test('passes on each piece of a stream as it comes', async () => {
    const stream = connect(gateway.ports.gateway, gateway.host);
    try {
      let text = '';
      stream.on('data', (chunk) => (text += chunk.toString()));
      stream.write('GET /api/families/stream HTTP/1.1\r\nHost: h\r\n\r\n');
      await waitFor('the first piece', () => text.includes('data: first'));
    } finally {
      stream.destroy();
    }
  });

  test('S17: takes an instance out that is not ready, and in again, and never all of them', async () => {
    const [first, second] = [gateway.upstreams.get('families-1')!, gateway.upstreams.get('families-2')!];
    first.healthy = false;
    await waitFor('only the second to be asked', async () => (await shares(4))['families-2'] === 4);
    second.healthy = false;
    const log = (): string[] => gateway.log().split('\n');
    await waitFor('neither to count as ready', () =>
      log().some((line) => line.includes('families has no server available')),
    );
    // instances that are all late, or all say that they are not ready, are better than none
    expect(Object.keys(await shares(4)).toSorted()).toEqual(['families-1', 'families-2']);
    const recovered = (): number => log().filter((line) => /^Server families\/families-\d is UP/.test(line)).length;
    const before = recovered();
    first.healthy = second.healthy = true;
    // both are asked before that, too: as the last resort
    await waitFor('both to count as ready', () => recovered() === before + 2);
    expect(Object.keys(await shares(4)).toSorted()).toEqual(['families-1', 'families-2']);
  });
});

describe('an instance that dies while it answers', () => {
  const headers = { 'content-type': 'application/json' };
  /** Four requests are two for each. */
  const four = (body: string, key?: string): Promise<(Answer | Error)[]> =>
    Promise.all(
      [1, 2, 3, 4].map((n) =>
        gateway
          .send('/api/families', {
            method: 'POST',
            headers: { ...headers, ...(key === undefined ? {} : { 'idempotency-key': `${key}-${n}` }) },
            body,
          })
          .catch((error: unknown) => error as Error),
      ),
    );
  const answers = (all: (Answer | Error)[]): unknown[] =>
    all.map((one) => (one instanceof Error || one.status !== 200 ? 'failed' : JSON.parse(one.text).bytes));

  beforeEach(() => {
    gateway.upstreams.get('families-1')!.dying = true;
  });
  afterEach(() => {
    gateway.upstreams.get('families-1')!.dying = false;
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
    await gateway.start({});
    expect(await shares(10)).toEqual({ 'families-1': 5, 'families-2': 5 });
  });

  testWithSwitch(
    'follows weights',
    { name: '--weights', on: [4, 1], off: [1, 1], failure: /\+\s+"families-1": 5,\s+\+\s+"families-2": 5,/ },
    async (weights) => {
      await gateway.start({ weights });
      expect(await shares(10)).toEqual({ 'families-1': 8, 'families-2': 2 });
    },
  );

  testWithSwitch(
    'by source keeps a client with its instance, and spreads the clients',
    { name: '--balance', on: 'source', off: 'roundrobin', failure: /-\s+3,\s+\+\s+2,\s+\+\s+1,/ },
    async (balance: Balance) => {
      await gateway.start({ balance });
      const homes = new Set<string>();
      for (let client = 1; client <= 12; client++) {
        const counts = await shares(3, `127.1.1.${client}`);
        expect(Object.values(counts)).toEqual([3]);
        homes.add(Object.keys(counts)[0]!);
      }
      expect(homes.size).toBe(2);
    },
  );
});
