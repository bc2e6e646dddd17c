import { createLogger, Metrics, type Logger } from '@homeroom/chassis';
import { observeKafka } from '../src/observe-kafka.ts';
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

test('a consumer shows what it has done, how old that was and what is left', async () => {
  const observe = observeKafka({ logger, metrics });
  const where = { group: 'g', topic: 't', partition: 3 };
  const done = { type: undefined, outcome: 'handled', attempts: 1, durationMs: 2, ageMs: 40 } as const;
  observe({ kind: 'consumed', ...where, ...done });
  observe({ kind: 'lag', ...where, lag: 7 });
  const text = await scrape();
  expect(text).toContain('kafka_consumed_total{group="g",topic="t",outcome="handled",service="things"} 1');
  expect(text).toContain('kafka_event_age_seconds_sum{service="things",group="g",topic="t"} 0.04');
  expect(text).toContain('kafka_consumer_lag{group="g",topic="t",partition="3",service="things"} 7');
  expect(lines).toEqual([]);
});

test('a dead letter is logged as an error', () => {
  const error = new Error('not an event');
  const where = { group: 'g', topic: 't', partition: 0, offset: '5', attempts: 1, reason: 'not an event' };
  observeKafka({ logger, metrics })({ kind: 'dead-lettered', ...where, error });
  expect(lines).toMatchObject([{ level: 'error', offset: '5', err: { message: 'not an event' } }]);
});
