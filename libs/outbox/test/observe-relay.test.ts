import { createLogger, Metrics, type Logger } from '@homeroom/chassis';
import { observeRelay } from '../src/observe-relay.ts';
import { beforeEach, expect, test } from '@jest/globals';

let metrics: Metrics;
let lines: Record<string, unknown>[];
let logger: Logger;
beforeEach(() => {
  metrics = new Metrics({ service: 'things', defaults: false });
  lines = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  logger = createLogger({ service: 'things', stream });
});
const scrape = (): Promise<string> => metrics.registry.metrics();

test('a relay shows whether it leads, what it publishes and what it cannot', async () => {
  const observe = observeRelay({ logger, metrics });
  const error = new Error('too large');
  observe({ type: 'leading' });
  observe({ type: 'published', count: 3, ms: 5, ageMs: 500 });
  observe({ type: 'publish-failed', error, attempt: 1, delayMs: 100 });
  observe({ type: 'refused', key: 'family-1', error, holdMs: 30_000 });
  const text = await scrape();
  expect(text).toContain('outbox_relay_leading{service="things"} 1');
  expect(text).toContain('outbox_published_total{service="things"} 3');
  expect(text).toContain('outbox_oldest_age_seconds{service="things"} 0.5');
  expect(text).toContain('outbox_publish_failures_total{service="things"} 1');
  expect(text).toContain('outbox_refused_total{service="things"} 1');
  expect(lines).toMatchObject([{ level: 'info' }, { level: 'warn' }, { level: 'error', key: 'family-1' }]);

  observe({ type: 'connection-lost', error, attempt: 1, delayMs: 100 });
  expect(await scrape()).toContain('outbox_relay_leading{service="things"} 0');
});
