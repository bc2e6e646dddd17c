import { testWithSwitch } from '@homeroom/testing/switch';
import { describe, expect, test } from '@jest/globals';
import { find, render, type Manifest } from '../src/render.ts';

const plain = render();
const scaled = render({ 'global.autoscaling.enabled': true });
const keda = render({ 'global.keda.enabled': true });
const services = ['families', 'enrollment', 'notifications'];
const kinds = (manifests: Manifest[]): string[] => manifests.map(({ kind }) => kind as string);
const replicas = (manifests: Manifest[], name: string): unknown =>
  find(manifests, 'Deployment', `homeroom-${name}`).spec.replicas;

describe('an API', () => {
  test.each(services)(
    '%s follows CPU and latency between 2 and 50 pods, up after 60 s and down after 300 s',
    (service) => {
      const { spec } = find(scaled, 'HorizontalPodAutoscaler', `homeroom-${service}-api`);
      expect(spec).toEqual({
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `homeroom-${service}-api` },
        minReplicas: 2,
        maxReplicas: 50,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
          {
            type: 'Pods',
            pods: {
              metric: { name: 'http_request_duration_p95_seconds' },
              target: { type: 'AverageValue', averageValue: '500m' },
            },
          },
        ],
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 60 },
          scaleDown: { stabilizationWindowSeconds: 300 },
        },
      });
    },
  );

  testWithSwitch(
    'follows other numbers when they are given, and CPU alone where there is no adapter',
    {
      name: 'global.autoscaling.enabled',
      on: true,
      off: false,
      failure: /^no HorizontalPodAutoscaler homeroom-families-api is rendered$/,
    },
    (enabled) => {
      const { spec } = find(
        render({
          'global.autoscaling.enabled': enabled,
          'families.api.autoscaling': {
            minReplicas: 3,
            maxReplicas: 9,
            cpuPercent: 50,
            latency: '',
            scaleUpWindowSeconds: 0,
            scaleDownWindowSeconds: 20,
          },
        }),
        'HorizontalPodAutoscaler',
        'homeroom-families-api',
      );
      expect(spec).toMatchObject({
        minReplicas: 3,
        maxReplicas: 9,
        metrics: [{ resource: { target: { averageUtilization: 50 } } }],
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 0 },
          scaleDown: { stabilizationWindowSeconds: 20 },
        },
      });
      expect(spec.metrics).toHaveLength(1);
    },
  );
});

describe('a worker', () => {
  describe.each(['enrollment', 'notifications'])('of %s', (service) => {
    testWithSwitch(
      'follows how far it is behind Kafka',
      {
        name: 'global.autoscaling.enabled',
        on: true,
        off: false,
        failure: /^no HorizontalPodAutoscaler .*-worker is rendered$/,
      },
      (enabled) => {
        const manifests = render({ 'global.autoscaling.enabled': enabled });
        const { spec } = find(manifests, 'HorizontalPodAutoscaler', `homeroom-${service}-worker`);
        // a topic has six partitions: a seventh pod would idle
        expect(spec).toMatchObject({ minReplicas: 1, maxReplicas: 6 });
        expect(spec.metrics).toEqual([
          {
            type: 'External',
            external: {
              metric: { name: 'kafka_consumer_lag', selector: { matchLabels: { service } } },
              target: { type: 'AverageValue', averageValue: '1000' },
            },
          },
        ]);
      },
    );
  });

  test('that consumes nothing follows nothing', () => {
    expect(() => find(scaled, 'HorizontalPodAutoscaler', 'homeroom-families-worker')).toThrow('no Horizontal');
    expect(() => find(keda, 'ScaledObject', 'homeroom-families-worker')).toThrow('no ScaledObject');
  });
});

describe('who owns the number of pods', () => {
  test('the autoscaler when one is enabled, else from the values', () => {
    for (const manifests of [scaled, keda]) {
      expect(replicas(manifests, 'families-api')).toBeUndefined();
      expect(replicas(manifests, 'notifications-worker')).toBeUndefined();
      expect(replicas(manifests, 'families-worker')).toBe(1);
    }
    expect([replicas(plain, 'families-api'), replicas(plain, 'notifications-worker')]).toEqual([2, 1]);
  });

  test('never two of them: KEDA takes the place of the autoscalers', () => {
    expect(kinds(plain)).not.toContain('HorizontalPodAutoscaler');
    expect(kinds(scaled)).toContain('HorizontalPodAutoscaler');
    expect(kinds(scaled)).not.toContain('ScaledObject');
    expect(kinds(keda)).toContain('ScaledObject');
    expect(kinds(keda)).not.toContain('HorizontalPodAutoscaler');
  });

  testWithSwitch(
    'KEDA is given the same numbers',
    {
      name: 'global.keda.enabled',
      on: true,
      off: false,
      failure: /^no ScaledObject homeroom-families-api is rendered$/,
    },
    (enabled) => {
      const given = render({ 'global.keda.enabled': enabled });
      const { spec } = find(given, 'ScaledObject', 'homeroom-families-api');
      expect(spec).toMatchObject({
        scaleTargetRef: { name: 'homeroom-families-api' },
        minReplicaCount: 2,
        maxReplicaCount: 50,
        advanced: {
          horizontalPodAutoscalerConfig: {
            behavior: {
              scaleUp: { stabilizationWindowSeconds: 60 },
              scaleDown: { stabilizationWindowSeconds: 300 },
            },
          },
        },
      });
      expect(spec.triggers.map(({ metadata }: Manifest) => metadata.value ?? metadata.threshold)).toEqual([
        '70',
        '0.5',
      ]);
      const [{ metadata }] = find(given, 'ScaledObject', 'homeroom-notifications-worker').spec.triggers;
      expect(metadata.threshold).toBe('1000');
      const worker = find(
        render({
          'global.keda.enabled': enabled,
          'enrollment.worker.autoscaling': {
            scaleUpWindowSeconds: 1,
            scaleDownWindowSeconds: 2,
            lagLabels: { group: 'x' },
          },
        }),
        'ScaledObject',
        'homeroom-enrollment-worker',
      ).spec;
      expect(worker.advanced.horizontalPodAutoscalerConfig.behavior).toEqual({
        scaleUp: { stabilizationWindowSeconds: 1 },
        scaleDown: { stabilizationWindowSeconds: 2 },
      });
      expect(worker.triggers[0].metadata.query).toContain('kafka_consumer_lag{namespace="homeroom",group="x"}');
      expect(metadata.query).toContain('kafka_consumer_lag{namespace="homeroom",service="notifications"}');
    },
  );
});
