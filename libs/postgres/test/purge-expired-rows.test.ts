import { createLogger } from '@homeroom/chassis';
import { purgeExpiredRows } from '@homeroom/postgres';
import { waitFor } from '@homeroom/testing';
import { expect, test } from '@jest/globals';

test('expired rows are deleted again and again, despite failures, until the signal aborts', async () => {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const stopping = new AbortController();
  let rounds = 0;
  const ended = purgeExpiredRows(
    {
      keys: () => Promise.reject(new Error('the database is down')),
      events: async () => (++rounds === 1 ? 3 : 0),
    },
    { signal: stopping.signal, logger: createLogger({ service: 'things', stream }), everyMs: 1 },
  );
  await waitFor('three rounds', () => rounds >= 3);
  stopping.abort();
  await ended;
  expect(lines.filter(({ level }) => level === 'info')).toMatchObject([{ rows: 'events', deleted: 3 }]);
  expect(lines.filter(({ level }) => level === 'warn').length).toBeGreaterThanOrEqual(3);
});
