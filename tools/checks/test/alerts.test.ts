import { describe, expect, test } from '@jest/globals';
import { alertFaults, metricsOf, readAlertFacts, unknownMetrics, type AlertFacts } from '../src/alerts.ts';
import { read } from '../src/repository.ts';

describe('alerts', () => {
  test('have a runbook and a test that they fire, and every runbook has an alert', () => {
    const facts = readAlertFacts();
    expect(Object.keys(facts.runbooks).length).toBeGreaterThan(10);
    expect(alertFaults(facts)).toEqual([]);
  });

  const page = 'docs/runbooks/Slow.md';
  const sound: AlertFacts = {
    rules: `- alert: Slow\n  runbook_url: ${page}\n`,
    proofs: '- alertname: Slow\n',
    runbooks: { [page]: '# Slow\n**What it means.** **How to see.** **What to do.**' },
  };

  test.each<[string, Partial<AlertFacts>, string]>([
    ['without a runbook', { runbooks: {} }, 'Slow has no runbook'],
    ['without a link to it', { rules: '- alert: Slow\n' }, 'Slow does not link to its runbook'],
    ['without a test', { proofs: '' }, 'No test shows that Slow fires'],
    [
      'with half a runbook',
      { runbooks: { [page]: '# Slow\n**What it means.** **How to see.**' } },
      `${page} lacks “**What to do.**”`,
    ],
    [
      'that were renamed',
      { runbooks: { ...sound.runbooks, 'docs/runbooks/Old.md': '' } },
      'docs/runbooks/Old.md belongs to no alert',
    ],
  ])('%s are found', (_what, change, fault) => {
    expect(alertFaults(sound)).toEqual([]);
    expect(alertFaults({ ...sound, ...change })).toEqual([fault]);
  });
});

describe('metrics', () => {
  const dashboard = JSON.parse(read('k8s/metrics/dashboards/homeroom.json')) as {
    panels: { targets: { expr: string }[] }[];
  };

  test.each([
    ['alerts', readAlertFacts().rules],
    ['autoscalers', read('k8s/metrics/adapter-rules.yaml')],
    ['the dashboard', dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n')],
  ])('that %s read are exported by services', (_who, promql) => {
    expect(metricsOf(promql).length).toBeGreaterThan(1);
    expect(unknownMetrics(promql)).toEqual([]);
  });

  test('that no service exports are found', () => {
    expect(unknownMetrics('sum(rate(http_request_duration_secs_count{a="b"}[5m])) > 0')).toEqual([
      'http_request_duration_secs_count',
    ]);
  });
});

test('the adapter’s community chart uses the adapter’s rules', () => {
  const values = read('k8s/metrics/prometheus-adapter-values.yaml');
  const [, configMap] = /^rules: \{ existing: (\S+) \}$/m.exec(values) ?? [];
  const command = `create configmap ${configMap} --from-file=config.yaml=k8s/metrics/adapter-rules.yaml`;
  for (const text of [values, read('k8s/README.md')]) expect(text).toContain(command);
});
