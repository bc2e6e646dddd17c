import type { ZodFastify } from '@homeroom/chassis';
import { testWithSwitch } from '@homeroom/testing/switch';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { portOf, raw } from './raw.ts';
import { testApp, type TestApp } from './app.ts';

let things: TestApp;
let app: ZodFastify;
beforeAll(async () => {
  things = await testApp({ env: { REQUEST_TIMEOUT_MS: '1200', MAX_IN_FLIGHT: '50' } });
  app = things.app;
  await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app.close());

const head = 'Host: things.example\r\n';
const close = 'Connection: close\r\n';

describe('a slow client', () => {
  test('gets 408 and is disconnected when its headers do not end', async () => {
    const answer = await raw(portOf(app), (socket) => {
      socket.write(`GET /api/things HTTP/1.1\r\n${head}`);
      const drip = setInterval(() => socket.write('X-A: b\r\n'), 100);
      socket.on('close', () => clearInterval(drip));
    });
    expect(answer.statuses).toEqual([408]);
    expect(answer.text).toContain('"code":"request_timeout"');
    expect(answer.ms).toBeLessThan(5_000);
  });

  testWithSwitch(
    'gets 408 and is disconnected when its body does not end',
    { name: 'REQUEST_TIMEOUT_MS', on: '200', off: '86400000', failure: /- +408,[^]*\+ Array \[\]/ },
    async (timeoutMs) => {
      const { app: timed } = await testApp({ env: { REQUEST_TIMEOUT_MS: timeoutMs } });
      try {
        await timed.listen({ host: '127.0.0.1', port: 0 });
        const answer = await raw(portOf(timed), (socket) => {
          socket.write(
            `POST /api/things HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{`,
          );
          // counted, not timed: between two of them the server, in this process, does what is due
          let drops = 0;
          const drip = setInterval(() => (++drops < 16 ? socket.write(' ') : socket.destroy()), 50);
          socket.on('close', () => clearInterval(drip));
        });
        expect(answer.statuses).toEqual([408]);
        expect(answer.ms).toBeLessThan(5_000);
      } finally {
        await timed.close();
      }
    },
  );

  test('is hung up on when it says nothing at all', async () => {
    const answer = await raw(portOf(app), () => undefined);
    expect(answer.ms).toBeLessThan(5_000);
  });
});

describe('a hostile client', () => {
  const refused = async (bytes: string): Promise<{ statuses: number[]; text: string }> => {
    const answer = await raw(portOf(app), (socket) => socket.end(bytes));
    const alive = await fetch(`http://127.0.0.1:${portOf(app)}/api/things`);
    expect(alive.status).toBe(200);
    return answer;
  };
  const body = '{"name":"a"}';

  test.each([
    [
      'both Content-Length and Transfer-Encoding',
      `POST /api/things HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/things HTTP/1.1\r\n${head}\r\n`,
    ],
    [
      'two Content-Lengths',
      `POST /api/things HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 12\r\nContent-Length: 2\r\n\r\n${body}`,
    ],
    ['a Content-Length that is no number', `POST /api/things HTTP/1.1\r\n${head}Content-Length: 1e1\r\n\r\n${body}`],
    [
      'an unknown Transfer-Encoding',
      `POST /api/things HTTP/1.1\r\n${head}Transfer-Encoding: chunked, cow\r\n\r\n0\r\n\r\n`,
    ],
    [
      'a chunk size that is none',
      `POST /api/things HTTP/1.1\r\n${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ],
    ['a line break in a header', `GET /api/things HTTP/1.1\r\n${head}X-A: b\rSet-Cookie: a=b\r\n\r\n`],
    ['a NUL byte in a header', `GET /api/things HTTP/1.1\r\n${head}X-A: b\0c\r\n\r\n`],
    ['a space before the colon', `GET /api/things HTTP/1.1\r\n${head}X-A : b\r\n\r\n`],
    ['a folded header', `GET /api/things HTTP/1.1\r\nHost: a\r\n b\r\n\r\n`],
    ['no Host', 'GET /api/things HTTP/1.1\r\n\r\n'],
    ['a NUL byte in the URL', `GET /api/things/a\0b HTTP/1.1\r\n${head}\r\n`],
    ['an unknown method', `BREW /api/things HTTP/1.1\r\n${head}\r\n`],
    ['an unknown version', `GET /api/things HTTP/9.9\r\n${head}\r\n`],
    ['TLS on the plain port', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03'],
    ['noise', '\x00\xff\xfe noise \r\n\r\n'],
  ])('that sends %s gets 400 and is hung up on', async (_, bytes) => {
    const { statuses, text } = await refused(bytes);
    expect(statuses).toEqual([400]);
    expect(text).toMatch(/application\/problem\+json|^HTTP\/1\.1 400 Bad Request\r\nConnection: close/);
  });

  test('that sends 10,000 query parameters gets 400, or 431 when they fill the headers', async () => {
    const short = await refused(`GET /api/things?${'&'.repeat(10_000)} HTTP/1.1\r\n${head}${close}\r\n`);
    expect(short.statuses).toEqual([400]);
    expect(short.text).toContain('"code":"bad_request"');
    const long = await refused(`GET /api/things?${'a=1&'.repeat(10_000)} HTTP/1.1\r\n${head}${close}\r\n`);
    expect(long.statuses).toEqual([431]);
    expect(long.text).toContain('"code":"headers_too_large"');
  });

  test('that sends 100 kB of headers gets 431', async () => {
    expect((await refused(`GET /api/things HTTP/1.1\r\n${head}X-A: ${'a'.repeat(100_000)}\r\n\r\n`)).statuses).toEqual([
      431,
    ]);
  });

  test('cannot put a header into an answer', async () => {
    const { text } = await refused(
      `GET /api/things/a%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\n${head}X-Request-Id: a%0d%0ab\r\n${close}\r\n`,
    );
    expect(text.split('\r\n\r\n', 1)[0]?.toLowerCase()).not.toContain('set-cookie');
  });

  test('that pipelines 500 requests gets answers in order, or 503s, and no other client notices', async () => {
    const many = Array.from(
      { length: 500 },
      (_, i) => `GET /api/things/${i} HTTP/1.1\r\n${head}${i === 499 ? close : ''}\r\n`,
    );
    const { statuses, text } = await refused(many.join(''));
    expect(statuses).toHaveLength(500);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    const ids = [...text.matchAll(/"id":"(\d+)"/g)].map(([, id]) => Number(id));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  test('that pipelines rubbish behind a request does not get the rubbish’s answer as the request’s', async () => {
    const { text } = await refused(
      `POST /api/things HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 12\r\n\r\n${body}RUBBISH\r\n\r\n`,
    );
    expect(text).not.toMatch(/^HTTP\/1\.1 400[\s\S]*HTTP\/1\.1 201/);
  });
});
