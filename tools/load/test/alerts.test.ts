// What watches the house, held to the house: a metric that was renamed would leave an alert that never fires.
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const checkout = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');
const rules = read('k8s/metrics/rules/homeroom.rules.yaml');
const adapter = read('k8s/metrics/adapter-rules.yaml');
const dashboard = read('k8s/metrics/dashboards/homeroom.json');
const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);

/** Those of prom-client's defaults and of kube-state-metrics that are read; nobody here gives them their names. */
const foreign =
  /^(process_(start_time_seconds|cpu_seconds_total|resident_memory_bytes)|nodejs_eventloop_lag_p99_seconds|kube_horizontalpodautoscaler_\w+)$/;

const sources = globSync('{libs,services}/*/src/**/*.ts', { cwd: checkout }).map(read).join('\n');

/** Every word with an underscore that stands where PromQL has a metric: before a selector, a range or an operator. */
function metricsOf(text: string): string[] {
  const found = [...text.matchAll(/\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?=\{|\[|\)| \* 0| >| ==|$)/gm)].map(
    ([, name]) => name!,
  );
  const known = new Set(['status_code', 'histogram_quantile', 'runbook_url']);
  return [...new Set(found)].filter((name) => !known.has(name));
}

const missing = (text: string): string[] =>
  metricsOf(text).filter(
    (name) => !foreign.test(name) && !sources.includes(`'${name.replace(/_(bucket|count|sum)$/, '')}'`),
  );

describe('alerts', () => {
  test('each has a runbook that says what it means, how to see it and what to do, and no runbook is left over', () => {
    expect(alerts.length).toBeGreaterThan(10);
    for (const alert of alerts) {
      const page = `docs/runbooks/${alert}.md`;
      expect([page, existsSync(join(checkout, page))]).toEqual([page, true]);
      expect(rules).toContain(`runbook_url: ${page}`);
      for (const part of [`# ${alert}`, '**What it means.**', '**How to see.**', '**What to do.**'])
        expect(read(page)).toContain(part);
    }
    expect(readdirSync(join(checkout, 'docs/runbooks')).sort()).toEqual(alerts.map((alert) => `${alert}.md`).sort());
  });

  test('each is proved to fire', () => {
    const proofs = read('k8s/metrics/rules/homeroom.test.yaml');
    for (const alert of alerts) expect(proofs).toContain(`- alertname: ${alert}\n`);
  });
});

describe('metrics', () => {
  test.each([
    ['alerts', rules],
    ['autoscalers', adapter],
    [
      'the dashboard',
      (JSON.parse(dashboard) as { panels: { targets: { expr: string }[] }[] }).panels
        .flatMap(({ targets }) => targets.map(({ expr }) => expr))
        .join('\n'),
    ],
  ])('that %s read are those that the services count', (_who, text) => {
    expect(metricsOf(text).length).toBeGreaterThan(1);
    expect(missing(text)).toEqual([]);
  });

  test('that nobody counts are noticed', () => {
    expect(missing('sum(rate(http_request_duration_secs_count{a="b"}[5m])) > 0')).toEqual([
      'http_request_duration_secs_count',
    ]);
  });
});

test('the community chart uses the adapter’s rules', () => {
  const values = read('k8s/metrics/prometheus-adapter-values.yaml');
  const [, configMap] = /^rules: \{ existing: (\S+) \}$/m.exec(values) ?? [];
  const command = `create configmap ${configMap} --from-file=config.yaml=k8s/metrics/adapter-rules.yaml`;
  for (const text of [values, read('k8s/README.md')]) expect(text).toContain(command);
});
