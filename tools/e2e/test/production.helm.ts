// values-production.yaml names Services and Secrets that k8s/production makes: the two must not drift apart.
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { charts, find, render, type Manifest } from '../src/render.ts';

const read = (path: string): string => readFileSync(join(charts, '..', path), 'utf8');
const values: Manifest = parse(read('charts/homeroom/values-production.yaml'));
const resources = ['postgres', 'kafka'].flatMap((file) =>
  parseAllDocuments(read(`k8s/production/${file}.yaml`)).map((document): Manifest => document.toJS()),
);
const named = (kind: string): string =>
  resources.find((resource) => resource.kind === kind && !('targetRef' in resource))?.metadata.name as string;
const production = render({}, ['values-production.yaml']);

test('there is no data tier, and autoscaling owns the number of pods', () => {
  expect(production.some(({ kind }) => kind === 'StatefulSet')).toBe(false);
  expect(find(production, 'HorizontalPodAutoscaler', 'homeroom-families-api')).toBeDefined();
  expect(production.some(({ kind }) => kind === 'Secret')).toBe(false);
});

test('the addresses are those of the operators’ Services', () => {
  expect(values.global.postgres.host).toBe(`${named('Cluster')}-rw`);
  expect(values.global.postgres.replicaHost).toBe(`${named('Cluster')}-ro`);
  expect(values.global.kafka.brokers).toEqual([`${named('Kafka')}-kafka-bootstrap:9092`]);
  const [cluster] = resources.filter(({ kind }) => kind === 'Cluster');
  expect(cluster.spec.postgresql.parameters.max_connections).toBe(String(values.global.postgres.maxConnections));
});

test('the policies let in the pods of the Gateway that the routes belong to', () => {
  const { httpRoute, networkPolicy } = values.global;
  const name = 'kubernetes.io/metadata.name';
  expect(networkPolicy.ingressFrom.map((peer: Manifest) => peer.namespaceSelector.matchLabels[name])).toEqual(
    httpRoute.parentRefs.map((parent: Manifest) => parent.namespace),
  );
});

test('every topic that is published to has its resource, with its dead letters', () => {
  const topics = resources.filter(({ kind }) => kind === 'KafkaTopic').map(({ metadata }) => metadata.name as string);
  for (const noun of ['account', 'family', 'class', 'enrollment', 'notification'])
    expect(topics).toEqual(expect.arrayContaining([`homeroom.${noun}.v1`, `homeroom.${noun}.v1.dlq`]));
});

test('every Secret and key that pods read is made by a command of the README', () => {
  const readme = read('k8s/production/README.md').replaceAll('$s', 'SERVICE');
  const references = JSON.stringify(production).matchAll(/"secretKeyRef":\{"name":"([^"]+)","key":"([^"]+)"/g);
  const wanted = new Set([...references].map(([, name, key]) => `${name} ${key}`));
  expect(wanted.size).toBeGreaterThan(8);
  for (const secret of wanted) {
    const [name = '', key = ''] = secret.split(' ');
    const general = name.replace(/^homeroom-(families|enrollment|notifications)-/, 'homeroom-SERVICE-');
    const line = readme.split('\n').find((text) => text.trim().startsWith(`secret ${general} `));
    expect([secret, line?.includes(` ${key}=`)]).toEqual([secret, true]);
  }
});
