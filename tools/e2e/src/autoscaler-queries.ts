// The Prometheus queries of the autoscalers, tested by promtool: the adapter's rules and the queries of KEDA's ScaledObjects.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { checkout } from './parts.ts';
import { find, render, type Manifest } from './render.ts';

export type AutoscalerQueries = Readonly<ReturnType<typeof autoscalerQueries>>;

/**
 * The queries for families' API (seconds) and enrollment's worker (messages), as Prometheus receives them: the adapter's
 * give a sample for each pod or service, KEDA's one without labels.
 */
export function autoscalerQueries() {
  const adapter = parse(readFileSync(join(checkout, 'k8s/metrics/adapter-rules.yaml'), 'utf8'));
  const asked = (rule: Manifest, matchers: string): string =>
    String(rule.metricsQuery).replaceAll('<<.LabelMatchers>>', matchers).replaceAll('<<.GroupBy>>', 'pod');
  const keda = render({ 'global.keda.enabled': true });
  const trigger = (name: string): string =>
    find(keda, 'ScaledObject', name).spec.triggers.find(({ type }: Manifest) => type === 'prometheus').metadata.query;
  return {
    adapterLatency: asked(adapter.rules[0], 'namespace="homeroom"'),
    adapterLag: asked(adapter.externalRules[0], 'namespace="homeroom",service="enrollment"'),
    kedaLatency: trigger('homeroom-families-api'),
    kedaLag: trigger('homeroom-enrollment-worker'),
  };
}

type Samples = Readonly<Record<string, number>>;

/** 1000 more requests at every scrape, with the given numbers of them within a quarter and half of a second. */
const requests = (pod: string, route: string, status: number, within: { quarter: number; half: number }) =>
  Object.entries({ '0.25': within.quarter, '0.5': within.half, '+Inf': 1000 }).map(([le, count]) => ({
    series: `http_request_duration_seconds_bucket{namespace="homeroom",service="families",role="api",pod="${pod}",route="${route}",status_code="${status}",le="${le}"}`,
    values: `0+${count}x40`,
  }));
const alive = (role: string, service: string, pod: string) => ({
  series: `process_start_time_seconds{namespace="homeroom",service="${service}",role="${role}",pod="${pod}"}`,
  values: '1000x40',
});
const lag = (pod: string, partition: number, values: string) => ({
  series: `kafka_consumer_lag{namespace="homeroom",service="enrollment",role="worker",pod="${pod}",group="enrollment",topic="families",partition="${partition}"}`,
  values,
});
const fast = { quarter: 1000, half: 1000 };
// all between a quarter and half of a second: the 95th percentile is interpolated to 0.25 + 0.95 × 0.25
const slow = { quarter: 0, half: 1000 };
const slowSeconds = 0.4875;

/** A file for `promtool test rules` with the expected results of the four queries. */
export function autoscalerTests(queries: AutoscalerQueries): string {
  const expected = (latency: Samples, all: number, enrollmentLag: number): object[] => {
    const samples = (label: string, values: Samples): object[] =>
      Object.entries(values).map(([name, value]) => ({ labels: `{${label}="${name}"}`, value }));
    const one = (value: number): object[] => [{ labels: '{}', value }];
    return [
      { expr: queries.adapterLatency, eval_time: '5m', exp_samples: samples('pod', latency) },
      { expr: queries.kedaLatency, eval_time: '5m', exp_samples: one(all) },
      { expr: queries.adapterLag, eval_time: '5m', exp_samples: samples('service', { enrollment: enrollmentLag }) },
      { expr: queries.kedaLag, eval_time: '5m', exp_samples: one(enrollmentLag) },
    ];
  };
  const idle = [alive('api', 'families', 'a'), alive('api', 'families', 'b'), alive('worker', 'enrollment', 'w')];
  const tests = [
    {
      name: 'a release that just started: 0 instead of unknown',
      input_series: idle,
      promql_expr_test: expected({ a: 0, b: 0 }, 0, 0),
    },
    {
      name: 'no traffic any more: 0 instead of unknown; a stale lag of the previous owner of a partition does not count',
      input_series: [
        ...idle,
        ...requests('a', '/api/families', 200, slow).map((one) => ({ ...one, values: '1000x40' })),
        lag('w', 0, '700x40'),
      ],
      promql_expr_test: expected({ a: 0, b: 0 }, 0, 0),
    },
    {
      name: 'slow responses count for each pod; two workers that report one partition count once',
      input_series: [
        ...idle,
        ...requests('a', '/api/families', 200, slow),
        ...requests('b', '/api/families', 201, fast),
        lag('w', 0, '0+10x40'),
        lag('w', 1, '0+20x40'),
        lag('v', 1, '0+20x40'),
      ],
      promql_expr_test: expected({ a: slowSeconds, b: 0.2375 }, 0.475, 600),
    },
    {
      name: 'fast responses without work do not hide slow ones: probes, refusals, unknown paths, documents',
      input_series: [
        ...idle,
        ...requests('a', '/api/families', 200, slow),
        ...[503, 429].flatMap((status) => requests('a', '/api/families', status, fast)),
        ...['/health/ready', 'unmatched', '/api/families/openapi.json', '/api/families/docs'].flatMap((route) =>
          requests('a', route, 200, fast),
        ),
      ],
      promql_expr_test: expected({ a: slowSeconds, b: 0 }, slowSeconds, 0),
    },
  ];
  return stringify({
    fuzzy_compare: true,
    evaluation_interval: '15s',
    tests: tests.map((test) => ({ interval: '15s', ...test })),
  });
}

/** The queries, each time with one protection removed from one of them. The tests must notice each. */
export function withoutProtection(queries: AutoscalerQueries): Record<string, AutoscalerQueries> {
  const protections: Record<string, (query: string) => string> = {
    'status codes': (query) => query.replace(/status_code=~"[^"]+",/, ''),
    routes: (query) => query.replace(/,route!~"[^"]+"/, ''),
    'no traffic is 0': (query) => query.replace('>= 0', ''),
    'no series is 0': (query) => query.replace(/\bor (vector|sum by)[\s\S]*$/, ''),
    'lag that stays': (query) => query.replace(/and changes\([\s\S]*?> 0/, ''),
    'a partition once': (query) => query.replace('max by', 'sum by'),
  };
  const taken = Object.entries(protections).flatMap(([protection, take]) =>
    Object.entries<string>({ ...queries })
      .map(([name, query]) => [name, query, take(query)] as const)
      .filter(([, query, without]) => without !== query)
      .map(([name, , without]) => [`${name} without “${protection}”`, { ...queries, [name]: without }] as const),
  );
  return Object.fromEntries(taken);
}
