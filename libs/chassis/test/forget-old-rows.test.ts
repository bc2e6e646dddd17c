import { createLogger, forgetOldRows } from '@homeroom/chassis';
import { waitFor } from '@homeroom/testing';
import { expect, test } from '@jest/globals';

test('old rows are forgotten again and again, whatever fails, until it is time to stop', async () => {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const stopping = new AbortController();
  let rounds = 0;
  const ended = forgetOldRows(
    {
      keys: () => Promise.reject(new Error('the database is away')),
      events: async () => (++rounds === 1 ? 3 : 0),
    },
    { signal: stopping.signal, logger: createLogger({ service: 'things', stream }), everyMs: 1 },
  );
  await waitFor('three rounds', () => rounds >= 3);
  stopping.abort();
  await ended;
  expect(lines.filter(({ level }) => level === 'info')).toMatchObject([{ rows: 'events', forgotten: 3 }]);
  expect(lines.filter(({ level }) => level === 'warn').length).toBeGreaterThanOrEqual(3);
});
