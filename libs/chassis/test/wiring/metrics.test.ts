import { Metrics } from '@homeroom/chassis';
import { expect, test } from '@jest/globals';

test('metrics carry the service and role, and a name asked for twice is one metric', async () => {
  const metrics = new Metrics({ service: 'things', role: 'api', defaults: false });
  metrics.counter('seats_taken_total', 'Seats taken', ['class']).inc({ class: 'art' });
  metrics.counter('seats_taken_total', 'Seats taken', ['class']).inc({ class: 'art' });
  metrics.gauge('queue_length', 'Waiting', [], (gauge) => gauge.set(3));
  const text = await metrics.registry.metrics();
  expect(text).toContain('seats_taken_total{class="art",service="things",role="api"} 2');
  expect(text).toContain('queue_length{service="things",role="api"} 3');
});

test('a name cannot be two kinds of metric', () => {
  const metrics = new Metrics({ service: 'things', defaults: false });
  metrics.counter('x_total', 'x');
  expect(() => metrics.gauge('x_total', 'x')).toThrow('already been registered');
});

test('a process has the default metrics of Node', async () => {
  const metrics = new Metrics({ service: 'things' });
  expect(await metrics.registry.metrics()).toContain('nodejs_eventloop_lag');
});
