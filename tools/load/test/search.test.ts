import { describe, expect, test } from '@jest/globals';
import type { Answer } from '../src/client.ts';
import { pauseAfter, Search } from '../src/search.ts';

const call = { method: 'GET', path: '/' } as const;
const isThere = ({ status }: Answer): boolean | undefined => (status === 200 ? true : undefined);

/** A client that gets one answer after the other, and the last one from then on. */
function asking(...statuses: (number | Error)[]) {
  const asker = {
    asked: 0,
    call: (): Promise<Answer> => {
      const status = statuses[Math.min(asker.asked++, statuses.length - 1)]!;
      return typeof status === 'number' ? Promise.resolve({ status, headers: {}, body: '' }) : Promise.reject(status);
    },
  };
  return asker;
}

describe('the search', () => {
  test('asks until an answer says something', async () => {
    const client = asking(503, new Error('ECONNRESET'), 200, 503);
    expect(await new Search({ pausesMs: [1, 1, 1] }).ask(client, call, isThere)).toBe(true);
    expect(client.asked).toBe(3);
  });

  test('gives up after as many pauses as it has', async () => {
    const client = asking(503);
    expect(await new Search({ pausesMs: [1, 1, 1] }).ask(client, call, isThere)).toBeUndefined();
    expect(client.asked).toBe(4);
  });

  test('does not wait for a Retry-After beyond its time', async () => {
    let asked = 0;
    const busy = {
      call: () => Promise.resolve({ status: 503, headers: { 'retry-after': '60' }, body: String((asked += 1)) }),
    };
    expect(await new Search({ pausesMs: [1] }).ask(busy, call, isThere)).toBeUndefined();
    expect(asked).toBe(1);
  });

  test('asks nothing more once all questions together waited too long in vain', async () => {
    const client = asking(503);
    const search = new Search({ pausesMs: [20], inVainMs: 10 });
    await search.ask(client, call, isThere);
    const asked = client.asked;
    await search.ask(client, call, isThere);
    expect(client.asked).toBe(asked);
  });

  test('ends its pause when aborted', async () => {
    const stop = new AbortController();
    const client = asking(503);
    const found = new Search({ pausesMs: [9_000], signal: stop.signal }).ask(client, call, isThere);
    const began = performance.now();
    stop.abort();
    expect(await found).toBeUndefined();
    expect(client.asked).toBe(1);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('the pause', () => {
  test.each([
    ['is its own', undefined, 250, 0, 250],
    ['is as long as the server asks for', '2', 250, 0, 2_000],
    ['is not shorter than its own', '0', 250, 0, 250],
    ['is its own when the header is a date', 'Wed, 21 Oct 2026 07:28:00 GMT', 250, 0, 250],
    ['is none when the server asks for more than there is', '60', 250, 0, undefined],
    ['is none when the pauses before took it all', undefined, 4_000, 7_000, undefined],
    ['is none when enough was asked', undefined, undefined, 0, undefined],
  ])('%s', (_what, retryAfter, ownMs, pausedMs, pauseMs) => {
    expect(pauseAfter(retryAfter, ownMs, pausedMs)).toBe(pauseMs);
  });
});
