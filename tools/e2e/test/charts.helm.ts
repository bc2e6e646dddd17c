import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts, find, pods, Refused, render, type Manifest, type Pod } from '../src/render.ts';

const plain = render();
const scaled = render({ 'global.autoscaling.enabled': true });
const serving = (manifests: Manifest[]): Pod[] =>
  pods(manifests).filter(({ owner }) => /^(Deployment|StatefulSet)/.test(owner));
const api = (manifests: Manifest[]): Manifest => find(manifests, 'Deployment', 'homeroom-families-api');
const refusal = (values: Record<string, unknown>): string => {
  try {
    render(values);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
  return 'rendered';
};

describe('every pod', () => {
  test.each(pods(plain).map((pod) => [pod.owner, pod] as const))('%s meets the restricted standard', (_, { spec }) => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(spec.securityContext.runAsUser).toBeGreaterThan(0);
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.enableServiceLinks).toBe(false);
    for (const container of spec.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(Object.keys(container.resources.requests)).toEqual(['cpu', 'memory']);
      expect(Object.keys(container.resources.limits)).toEqual(['cpu', 'memory']);
    }
  });

  test.each(serving(plain).map((pod) => [pod.owner, pod] as const))(
    '%s is probed and leaves in order',
    (_, { spec }) => {
      const [container] = spec.containers;
      expect(container.startupProbe).toBeDefined();
      expect(container.readinessProbe).toBeDefined();
      expect(container.livenessProbe).toBeDefined();
      expect(container.lifecycle.preStop.sleep.seconds).toBeGreaterThan(0);
      expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(container.lifecycle.preStop.sleep.seconds);
      expect(spec.serviceAccountName).not.toBe('default');
    },
  );

  test('is chosen by a network policy of its own, and by the one that denies everything', () => {
    const policies = plain.filter(({ kind }) => kind === 'NetworkPolicy');
    for (const { owner, labels } of pods(plain)) {
      const choosing = policies.filter(({ spec }) =>
        Object.entries(spec.podSelector.matchLabels as Record<string, string>).every(([k, v]) => labels[k] === v),
      );
      expect([owner, choosing.length]).toEqual([owner, expect.any(Number)]);
      expect(choosing.length).toBeGreaterThanOrEqual(2);
    }
    expect(find(plain, 'NetworkPolicy', 'homeroom-default-deny').spec).not.toHaveProperty('ingress');
  });

  test('without network policies none is rendered', () => {
    const open = render({ 'global.networkPolicy.enabled': false });
    expect(open.filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
  });
});

describe('a service', () => {
  test('asks each probe at an address of its own', () => {
    const [container] = api(plain).spec.template.spec.containers;
    const paths = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => container[probe].httpGet.path);
    expect(paths).toEqual(['/health/startup', '/health/ready', '/health/live']);
  });

  test('is given as long to stop as it takes: the hook, the deadline and five seconds', () => {
    const longer = render({ 'families.shutdown.deadlineSeconds': 60, 'families.shutdown.preStopSeconds': 8 });
    expect(api(plain).spec.template.spec.terminationGracePeriodSeconds).toBe(30);
    expect(api(longer).spec.template.spec.terminationGracePeriodSeconds).toBe(73);
    expect(find(longer, 'ConfigMap', 'homeroom-families').data.SHUTDOWN_DEADLINE_MS).toBe('60000');
  });

  test('rolls when its configuration changes, and only then', () => {
    const sum = (manifests: Manifest[]): string => api(manifests).spec.template.metadata.annotations['checksum/config'];
    expect(sum(render({ 'global.logLevel': 'debug' }))).not.toBe(sum(plain));
    expect(sum(render({ 'families.api.replicas': 3 }))).toBe(sum(plain));
  });

  test('never holds up a drain: budgets count who may leave, not who must stay', () => {
    const budgets = render({ 'families.api.replicas': 1 }).filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budgets.length).toBeGreaterThan(6);
    for (const { spec } of budgets) {
      expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
      expect(spec).not.toHaveProperty('minAvailable');
    }
  });

  test('is spread over zones and nodes', () => {
    const keys = api(plain).spec.template.spec.topologySpreadConstraints.map((c: Manifest) => c.topologyKey);
    expect(keys).toEqual(['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
  });

  test('keeps its capacity while it rolls', () => {
    expect(api(plain).spec).toMatchObject({
      minReadySeconds: 3,
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
  });

  test('migrates in a hook before an upgrade, and beside the rest at the install', () => {
    const job = find(plain, 'Job', 'homeroom-families-migrate-1');
    expect(job.metadata.annotations).toBeUndefined();
    expect(JSON.stringify(job.spec)).toContain('owner-password');
    expect(JSON.stringify(api(plain).spec)).not.toContain('owner-password');
  });

  test('has no password in plain text anywhere but in Secrets', () => {
    const others = plain.filter(({ kind }) => kind !== 'Secret');
    for (const secret of plain.filter(({ kind }) => kind === 'Secret'))
      for (const value of Object.values(secret.data as Record<string, string>)) {
        const text = Buffer.from(value, 'base64').toString();
        if (!text.includes('@')) expect(JSON.stringify(others)).not.toContain(text);
      }
  });

  test('Secrets stay when the release goes', () => {
    for (const { metadata } of plain.filter(({ kind }) => kind === 'Secret'))
      expect(metadata.annotations['helm.sh/resource-policy']).toBe('keep');
  });
});

describe('autoscaling', () => {
  test('an API follows CPU and latency with the windows asked for', () => {
    const { spec } = find(scaled, 'HorizontalPodAutoscaler', 'homeroom-families-api');
    expect(spec).toMatchObject({ minReplicas: 2, maxReplicas: 50 });
    expect(spec.metrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      {
        type: 'Pods',
        pods: {
          metric: { name: 'http_request_duration_p95_seconds' },
          target: { type: 'AverageValue', averageValue: '500m' },
        },
      },
    ]);
    expect(spec.behavior).toEqual({
      scaleUp: { stabilizationWindowSeconds: 60 },
      scaleDown: { stabilizationWindowSeconds: 300 },
    });
  });

  test('a consuming worker follows Kafka’s lag, one that only relays does not', () => {
    const { spec } = find(scaled, 'HorizontalPodAutoscaler', 'homeroom-notifications-worker');
    expect(spec.metrics[0].external.metric.name).toBe('kafka_consumer_lag');
    expect(() => find(scaled, 'HorizontalPodAutoscaler', 'homeroom-families-worker')).toThrow('no Horizontal');
  });

  test('who has an autoscaler says no replicas; who has none says them', () => {
    expect(api(scaled).spec).not.toHaveProperty('replicas');
    expect(api(plain).spec.replicas).toBe(2);
    expect(find(scaled, 'Deployment', 'homeroom-families-worker').spec.replicas).toBe(1);
    expect(plain.some(({ kind }) => kind === 'HorizontalPodAutoscaler')).toBe(false);
  });

  test('KEDA takes the place of the autoscalers, never stands beside them', () => {
    const kinds = render({ 'global.keda.enabled': true }).map(({ kind }) => kind as string);
    expect(kinds).toContain('ScaledObject');
    expect(kinds).not.toContain('HorizontalPodAutoscaler');
  });
});

describe('the way in', () => {
  const route = { 'global.httpRoute': { enabled: true, parentRefs: [{ name: 'edge' }], hostnames: [] } };

  test('is the gateway unless a route or an Ingress is chosen', () => {
    expect(find(plain, 'Deployment', 'homeroom-gateway')).toBeDefined();
    for (const values of [route, { 'global.ingress.enabled': true, 'global.ingress.host': 'a.example' }])
      expect(() => find(render(values), 'Deployment', 'homeroom-gateway')).toThrow();
  });

  test('weighs a canary', () => {
    const canary = { 'families.httpRoute.canary': { service: 'canary-families', port: 80, weight: 10 } };
    const refs = (values: Record<string, unknown>): number[] =>
      find(render(values), 'HTTPRoute', 'homeroom-families').spec.rules[0].backendRefs.map((r: Manifest) => r.weight);
    expect(refs(route)).toEqual([100]);
    expect(refs({ ...route, ...canary })).toEqual([90, 10]);
  });

  test.each(['roundrobin', 'leastconn', 'source', 'random'])('balances by %s', (balance) => {
    const config = find(render({ 'gateway.balance': balance }), 'ConfigMap', 'homeroom-gateway').data['haproxy.cfg'];
    expect(config).toContain(`balance ${balance}\n`);
    expect(config).toContain('option httpchk GET /health/ready');
  });
});

describe('values that make no sense are refused with a sentence', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['a key that is not known', { 'families.api.replcas': 3 }, /additional properties 'replcas' not allowed/],
    ['a wrong type', { 'global.rateLimitPerMinute': 'many' }, /rateLimitPerMinute.*got string, want integer/],
    [
      'min above max',
      { 'families.api.autoscaling.minReplicas': 60 },
      /minReplicas 60 is more than maxReplicas 50: lower the one/,
    ],
    [
      'two autoscalers',
      { 'global.autoscaling.enabled': true, 'global.keda.enabled': true },
      /are both true.*set one of them to false/,
    ],
    [
      'pools over the budget',
      { 'global.autoscaling.enabled': true, 'families.api.pool.primary': 9 },
      /families 468 \+ enrollment 182 \+ notifications 182 = 832 connections to Postgres.*raise global.postgres.maxConnections to 852/,
    ],
    [
      'a replica over the budget',
      { 'global.autoscaling.enabled': true, 'families.api.pool.replica': 9 },
      /= 781 connections to a replica/,
    ],
    ['no data and no address', { 'data.enabled': false }, /There is no Postgres: set global.postgres.host/],
    ['no data and no Secret', { 'data.enabled': false, 'global.postgres.host': 'db' }, /families.database.secret.name/],
    ['a drain without time', { 'families.shutdown.notReadySeconds': 15 }, /raise deadlineSeconds above 30/],
    ['two ways in', { 'global.ingress.enabled': true, 'global.httpRoute.enabled': true }, /choose the one/],
    ['two brokers', { 'data.kafka.brokers': 2 }, /brokers.*must be one of 1, 3/],
    [
      'more pods than the gateway knows',
      { 'global.autoscaling.enabled': true, 'gateway.slots': 10 },
      /raise gateway.slots/,
    ],
  ])('%s', (_, values, sentence) => {
    expect(refusal(values)).toMatch(sentence);
  });

  test('what is right is not refused', () => {
    expect(refusal({ 'global.autoscaling.enabled': true, 'families.api.pool.primary': 3 })).toBe('rendered');
  });
});

test('the two charts that share `global` give it the same defaults as the umbrella', () => {
  const globals = ['homeroom', 'service', 'data'].map(
    (chart) => (parse(readFileSync(join(charts, chart, 'values.yaml'), 'utf8')) as { global: unknown }).global,
  );
  expect(globals[1]).toEqual(globals[0]);
  expect(globals[2]).toEqual(globals[0]);
});
