import { testWithSwitch } from '@homeroom/testing/switch';
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../src/parts.ts';
import { find, render, type Manifest } from '../src/render.ts';

const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };
const plain = render();
const api = (manifests: Manifest[]): Manifest => find(manifests, 'Deployment', 'homeroom-families-api').spec;
const config = (manifests: Manifest[]): Record<string, string> =>
  find(manifests, 'ConfigMap', 'homeroom-families').data as Record<string, string>;

describe('a service', () => {
  test('asks each probe at an address of its own', () => {
    const [container] = api(plain).template.spec.containers;
    const paths = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => container[probe].httpGet.path);
    expect(paths).toEqual(['/health/startup', '/health/ready', '/health/live']);
  });

  test('is given as long to stop as it takes: the hook, the deadline and five seconds', () => {
    const longer = render({ 'families.shutdown.deadlineSeconds': 60, 'families.shutdown.preStopSeconds': 8 });
    expect(api(plain).template.spec.terminationGracePeriodSeconds).toBe(30);
    expect(api(longer).template.spec.terminationGracePeriodSeconds).toBe(73);
    expect(config(longer)['SHUTDOWN_DEADLINE_MS']).toBe('60000');
  });

  test('is not killed while it waits for its schema: the startup probe allows ten seconds more', () => {
    const allowed = (manifests: Manifest[]): number => {
      const { periodSeconds, failureThreshold } = api(manifests).template.spec.containers[0].startupProbe;
      return periodSeconds * failureThreshold;
    };
    const longer = render({ 'families.startup.waitSeconds': 300 });
    expect([config(plain)['SCHEMA_WAIT_MS'], allowed(plain)]).toEqual(['110000', 120]);
    expect([config(longer)['SCHEMA_WAIT_MS'], allowed(longer)]).toEqual(['300000', 310]);
  });

  test('rolls when its configuration changes, and only then', () => {
    const sum = (manifests: Manifest[]): string => api(manifests).template.metadata.annotations['checksum/config'];
    expect(sum(render({ 'global.logLevel': 'debug' }))).not.toBe(sum(plain));
    expect(sum(render({ 'families.api.replicas': 3 }))).toBe(sum(plain));
  });

  test('is spread over zones and nodes, the pods of each version by themselves', () => {
    const { topologySpreadConstraints: constraints } = api(plain).template.spec;
    expect(constraints).toEqual(
      ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        // a cluster of one node runs it too
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: api(plain).selector.matchLabels },
        matchLabelKeys: ['pod-template-hash'],
      })),
    );
  });

  testWithSwitch(
    'keeps its capacity while it rolls, and waits for a new pod to stay ready',
    { name: 'minReadySeconds', on: 9, off: 0, failure: /-\s+"minReadySeconds": 9,\s+\+\s+"minReadySeconds": 0,/ },
    (minReadySeconds) => {
      expect(api(plain)).toMatchObject({
        minReadySeconds: 3,
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      });
      expect(api(render({ 'families.minReadySeconds': minReadySeconds, 'families.api.maxSurge': 2 }))).toMatchObject({
        minReadySeconds: 9,
        strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } },
      });
    },
  );

  testWithSwitch(
    'has an API and workers that scale apart, each chosen by its own selector',
    { name: 'api.replicas', on: 7, off: 1, failure: /Expected: 7\s+Received: 1/ },
    (replicas) => {
      const worker = find(plain, 'Deployment', 'homeroom-families-worker').spec;
      expect(worker.selector.matchLabels).not.toEqual(api(plain).selector.matchLabels);
      expect([api(plain).replicas, worker.replicas]).toEqual([2, 1]);
      const more = render({ 'families.api.replicas': replicas });
      expect(api(more).replicas).toBe(7);
      expect(find(more, 'Deployment', 'homeroom-families-worker').spec.replicas).toBe(1);
    },
  );

  test('can do without its worker or its API', () => {
    const names = (values: Record<string, unknown>): string[] =>
      render(values)
        .filter(({ kind }) => kind === 'Deployment')
        .map(({ metadata }) => metadata.name as string)
        .filter((name) => name.startsWith('homeroom-families'));
    expect(names({ 'families.worker.enabled': false })).toEqual(['homeroom-families-api']);
    expect(names({ 'families.api.enabled': false })).toEqual(['homeroom-families-worker']);
  });

  test('stands on chosen nodes when asked', () => {
    const chosen = { nodeSelector: { pool: 'api' }, tolerations: [{ key: 'pool', operator: 'Exists' }] };
    const values = { 'families.api.nodeSelector': chosen.nodeSelector, 'families.api.tolerations': chosen.tolerations };
    expect(api(render(values)).template.spec).toMatchObject(chosen);
    expect(api(plain).template.spec).not.toHaveProperty('nodeSelector');
  });

  test('takes one image for all by a tag, and another for itself', () => {
    const image = (values: Record<string, unknown>): string =>
      api(render(values)).template.spec.containers[0].image as string;
    expect(image({})).toBe(`homeroom/families:${version}`);
    expect(image({ 'global.image': { repository: 'r.example/h', tag: '1.2' } })).toBe('r.example/h/families:1.2');
    expect(image({ 'global.image.tag': '1.2', 'families.image': { repository: 'own/f', tag: '9' } })).toBe('own/f:9');
  });
});

describe('its Service', () => {
  const service = (values: Record<string, unknown> = {}): Manifest =>
    find(render(values), 'Service', 'homeroom-families').spec;

  test('is found inside the cluster by default, and at a port of every node when asked', () => {
    expect(service().type).toBe('ClusterIP');
    expect(service({ 'families.api.service.type': 'NodePort' }).type).toBe('NodePort');
  });

  test('spreads a client’s connections, or holds them on one pod', () => {
    expect(service().sessionAffinity).toBe('None');
    expect(service({ 'families.api.service.sessionAffinity': 'ClientIP' }).sessionAffinity).toBe('ClientIP');
  });

  test('keeps traffic near only when asked', () => {
    expect(service()).not.toHaveProperty('trafficDistribution');
    const near = { 'families.api.service.trafficDistribution': 'PreferSameZone' };
    expect(service(near).trafficDistribution).toBe('PreferSameZone');
  });

  test('chooses the pods of the API, and no worker', () => {
    const { selector } = service();
    const labels = (name: string): unknown => find(plain, 'Deployment', name).spec.template.metadata.labels;
    expect(labels('homeroom-families-api')).toMatchObject(selector);
    expect(labels('homeroom-families-worker')).not.toMatchObject(selector);
  });
});
