import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { charts, refusal, type Manifest, type Rendering } from '../src/render.ts';

const all = ['homeroom', 'service', 'data'] as const;
const read = (chart: string, file: string): string => readFileSync(join(charts, chart, file), 'utf8');
const values = (chart: string): Manifest => parse(read(chart, 'values.yaml'));
const schema = (chart: string): Manifest => JSON.parse(read(chart, 'values.schema.json'));

/** A node, or the one that it refers to in the same schema. */
function resolve(root: Manifest, node: Manifest): Manifest {
  if (node.$ref === undefined) return node;
  const path = (node.$ref as string).slice('#/'.length).split('/');
  return resolve(
    root,
    path.reduce((parent, key) => parent[key], root),
  );
}

/** Paths of the objects in a schema that list their keys and accept others besides. */
function open(root: Manifest, referring: Manifest = root, path = ''): string[] {
  const node = resolve(root, referring);
  const children = Object.entries((node.properties ?? {}) as Record<string, Manifest>);
  const own = children.length > 0 && node.additionalProperties !== false ? [path] : [];
  const items = node.items === undefined ? [] : open(root, node.items, `${path}[]`);
  return [...own, ...items, ...children.flatMap(([key, child]) => open(root, child, `${path}.${key}`))];
}

/** Paths that a schema accepts and the values do not show. */
function hidden(root: Manifest, shown: Manifest, referring: Manifest = root, path = ''): string[] {
  const node = resolve(root, referring);
  return Object.entries((node.properties ?? {}) as Record<string, Manifest>).flatMap(([key, child]) =>
    shown === null || typeof shown !== 'object' || !(key in shown)
      ? [`${path}.${key}`]
      : hidden(root, shown[key], child, `${path}.${key}`),
  );
}

/** The values that a single service requires. */
const engines = {
  'database.secret.name': 'db',
  'global.signingSecret': 'signing',
  'global.postgres.host': 'db.example',
  'global.redis.sessions.host': 's.example',
  'global.redis.cache.host': 'c.example',
  'global.kafka.brokers': ['k.example:9092'],
};

describe.each(all)('the chart %s', (chart) => {
  // of a service alone nothing else is asked
  const rendering: Rendering = { chart };

  test('refuses a key that it does not know, at any depth', () => {
    expect(open(schema(chart))).toEqual([]);
    const unknown = { homeroom: 'gatway', service: 'replicas', data: 'redis.size' }[chart];
    expect(refusal({ [unknown]: 1 }, [], rendering)).toMatch(/dditional propert(y|ies) .*not allowed/i);
    expect(refusal(chart === 'service' ? engines : {}, [], rendering)).toBe('rendered');
  });

  test('an object that took other keys would be noticed', () => {
    const loose = schema(chart);
    delete loose.properties.global.properties.image.additionalProperties;
    expect(open(loose)).toEqual(['.global.image']);
  });

  test('shows every key that it takes', () => {
    // the umbrella shows of its services and of data what it sets itself
    const elsewhere = chart === 'homeroom' ? /^\.(families|enrollment|notifications|data)\./ : /^$/;
    expect(hidden(schema(chart), values(chart)).filter((path) => !elsewhere.test(path))).toEqual([]);
  });
});

test.each<[string, Record<string, unknown>]>([
  ['a service', { 'families.api.replcas': 3 }],
  ['data', { 'data.kafka.broker': 3 }],
  ['what all share', { 'global.postgres.hots': 'db' }],
])('the umbrella hands a wrong key of %s to the chart that refuses it', (_, wrong) => {
  expect(refusal(wrong)).toMatch(/dditional propert(y|ies) .*not allowed/i);
});

test('`global` has the same defaults and the same schema in all three', () => {
  for (const chart of all) {
    expect(values(chart).global).toEqual(values('homeroom').global);
    expect(schema(chart).properties.global).toEqual(schema('homeroom').properties.global);
  }
});

test('the three charts have one version, and the umbrella asks for it', () => {
  const about = Object.fromEntries(all.map((chart) => [chart, parse(read(chart, 'Chart.yaml'))]));
  const { version, dependencies } = about['homeroom'];
  for (const chart of all) expect(about[chart].version).toBe(version);
  for (const dependency of dependencies) expect(dependency.version).toBe(version);
});
