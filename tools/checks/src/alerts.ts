import { files, read, readAll } from './repository.ts';

export interface AlertFacts {
  /** Prometheus rules, and promtool's tests of them. */
  rules: string;
  proofs: string;
  runbooks: Record<string, string>;
}

export const readAlertFacts = (): AlertFacts => ({
  rules: read('k8s/metrics/rules/homeroom.rules.yaml'),
  proofs: read('k8s/metrics/rules/homeroom.test.yaml'),
  runbooks: Object.fromEntries(
    files.filter((file) => file.startsWith('docs/runbooks/')).map((file) => [file, read(file)]),
  ),
});

/** Alerts without a complete runbook or without a test that they fire, and runbooks without an alert. */
export function alertFaults({ rules, proofs, runbooks }: AlertFacts): string[] {
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  const pages = alerts.map((alert) => `docs/runbooks/${alert}.md`);
  return [
    ...alerts.flatMap((alert, index) => {
      const page = pages[index] ?? '';
      const text = runbooks[page];
      if (text === undefined) return [`${alert} has no runbook`];
      return [
        ...[`# ${alert}`, '**What it means.**', '**How to see.**', '**What to do.**']
          .filter((part) => !text.includes(part))
          .map((part) => `${page} lacks “${part}”`),
        ...(rules.includes(`runbook_url: ${page}`) ? [] : [`${alert} does not link to its runbook`]),
        ...(proofs.includes(`- alertname: ${alert}\n`) ? [] : [`No test shows that ${alert} fires`]),
      ];
    }),
    ...Object.keys(runbooks)
      .filter((page) => !pages.includes(page))
      .map((page) => `${page} belongs to no alert`),
  ];
}

/** Defaults of prom-client and kube-state-metrics. */
const foreign =
  /^(process_(start_time_seconds|cpu_seconds_total|resident_memory_bytes)|nodejs_eventloop_lag_p99_seconds|kube_horizontalpodautoscaler_\w+)$/;
const notMetrics = ['status_code', 'histogram_quantile', 'runbook_url'];

/** The names that stand where PromQL has a metric: before a selector, a range, or an operator. */
export function metricsOf(promql: string): string[] {
  const found = promql.matchAll(/\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?=\{|\[|\)| \* 0| >| ==|$)/gm);
  return [...new Set([...found].map(([, name = '']) => name))].filter((name) => !notMetrics.includes(name));
}

const serviceSources = readAll(/^(libs|services)\/\w+\/src\/.*\.ts$/);

/** Whether a service or lib registers the metric, or the histogram that it is a series of. */
export const exportsMetric = (name: string): boolean =>
  serviceSources.includes(`'${name.replace(/_(bucket|count|sum)$/, '')}'`);

/** Metrics that a query reads and no service or lib exports. */
export const unknownMetrics = (promql: string): string[] =>
  metricsOf(promql).filter((name) => !foreign.test(name) && !exportsMetric(name));
