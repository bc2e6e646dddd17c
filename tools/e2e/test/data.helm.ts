import { testWithSwitch } from '@homeroom/testing/switch';
import { describe, expect, test } from '@jest/globals';
import { find, pods, render, type Manifest } from '../src/render.ts';

const plain = render();
const env = (manifest: Manifest): Record<string, string> =>
  Object.fromEntries(manifest.spec.template.spec.containers[0].env.map((one: Manifest) => [one.name, one.value]));
const args = (name: string, manifests = plain): string[] =>
  find(manifests, 'StatefulSet', `homeroom-data-${name}`).spec.template.spec.containers[0].args;

describe('Postgres', () => {
  testWithSwitch(
    'has a primary, as many replicas as asked for, and a Service for each use',
    { name: 'global.postgres.replicas', on: 3, off: 0, failure: /Expected: 3\s+Received: 0/ },
    (asked) => {
      expect(find(plain, 'StatefulSet', 'homeroom-data-postgres').spec.replicas).toBe(1);
      const replicas = (n: number): number =>
        find(render({ 'global.postgres.replicas': n }), 'StatefulSet', 'homeroom-data-postgres-replica').spec.replicas;
      expect([replicas(1), replicas(0)]).toEqual([1, 0]);
      expect(replicas(asked)).toBe(3);
      const component = (name: string): string =>
        find(plain, 'Service', name).spec.selector['app.kubernetes.io/component'] as string;
      expect([component('homeroom-data-postgres-rw'), component('homeroom-data-postgres-ro')]).toEqual([
        'postgres',
        'postgres-replica',
      ]);
    },
  );

  test('has its copies where the primary is not, if there is such a place', () => {
    const labels = find(plain, 'StatefulSet', 'homeroom-data-postgres').spec.template.metadata.labels;
    const constraints = find(plain, 'StatefulSet', 'homeroom-data-postgres-replica').spec.template.spec
      .topologySpreadConstraints as Manifest[];
    const byHost = constraints.find(({ topologyKey }) => topologyKey === 'kubernetes.io/hostname')!.labelSelector;
    expect(labels).toMatchObject(byHost.matchLabels);
    const [{ key, values }] = byHost.matchExpressions;
    expect([key, values]).toEqual(['app.kubernetes.io/component', ['postgres', 'postgres-replica']]);
  });

  test('takes the connections that the budget counts with', () => {
    expect(args('postgres')).toContain('max_connections=600');
    expect(args('postgres', render({ 'global.postgres.maxConnections': 700 }))).toContain('max_connections=700');
  });
});

describe('Kafka', () => {
  test.each([
    [1, '1', '1'],
    [3, '3', '2'],
  ])('with %i brokers each message has %s copies, %s of them before it counts', (brokers, copies, inSync) => {
    const kafka = find(render({ 'data.kafka.brokers': brokers }), 'StatefulSet', 'homeroom-data-kafka');
    expect(kafka.spec.replicas).toBe(brokers);
    expect(env(kafka)).toMatchObject({
      KAFKA_DEFAULT_REPLICATION_FACTOR: copies,
      KAFKA_MIN_INSYNC_REPLICAS: inSync,
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: copies,
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: copies,
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    });
    expect(env(kafka)['KAFKA_CONTROLLER_QUORUM_VOTERS']?.split(',')).toHaveLength(brokers);
  });

  test('is ready when it answers a request, and alive while it accepts connections', () => {
    const [container] = find(plain, 'StatefulSet', 'homeroom-data-kafka').spec.template.spec.containers;
    expect(container.readinessProbe.exec.command[2]).toContain('/dev/tcp/127.0.0.1/9092');
    expect(container.livenessProbe.tcpSocket).toEqual({ port: 'kafka' });
    expect(container.startupProbe.tcpSocket).toEqual({ port: 'kafka' });
  });

  test('is the same cluster at every start of a release, and another one for another release', () => {
    const id = (manifests: Manifest[]): string | undefined =>
      env(find(manifests, 'StatefulSet', 'homeroom-data-kafka'))['CLUSTER_ID'];
    expect(id(plain)).toBe(id(render()));
    expect(id(plain)).toHaveLength(22);
  });
});

test('sessions are never evicted, and the cache evicts what is used least', () => {
  expect(args('redis-sessions')).toEqual(expect.arrayContaining(['noeviction', '--appendonly']));
  expect(args('redis-cache')).toEqual(expect.arrayContaining(['allkeys-lfu', '--maxmemory']));
  expect(args('redis-cache')).not.toContain('--appendonly');
});

test('what must outlive its pod has a volume, and only the cache has none', () => {
  const without = plain
    .filter(({ kind, spec }) => kind === 'StatefulSet' && spec.volumeClaimTemplates === undefined)
    .map(({ metadata }) => metadata.name as string);
  expect(without).toEqual(['homeroom-data-redis-cache']);
});

test('volumes take the StorageClass that is named, and the cluster’s own when none is', () => {
  const classes = (manifests: Manifest[]): unknown[] =>
    manifests
      .flatMap(({ spec }) => (spec?.volumeClaimTemplates ?? []) as Manifest[])
      .map(({ spec }) => spec.storageClassName as unknown);
  expect(new Set(classes(plain))).toEqual(new Set([undefined]));
  expect(new Set(classes(render({ 'data.storageClass': 'fast' })))).toEqual(new Set(['fast']));
});

test('the whole tier can be held on chosen nodes, and nothing else is', () => {
  const place = { 'kubernetes.io/hostname': 'a' };
  const held = pods(render({ 'data.nodeSelector': place })).filter(({ spec }) => spec.nodeSelector !== undefined);
  expect(held.map(({ owner }) => owner)).toEqual(
    pods(plain)
      .map(({ owner }) => owner)
      .filter((owner) => owner.startsWith('StatefulSet/')),
  );
  expect(pods(plain).some(({ spec }) => spec.nodeSelector !== undefined)).toBe(false);
});
