// Each pod's openings, one by one: network.helm.ts says what follows from them.
import { describe, expect, test } from '@jest/globals';
import { openings, policiesOf } from '../src/openings.ts';
import { pods, render, type Manifest, type Pod } from '../src/render.ts';

const plain = render();
const everyone = pods(plain);
const pod = (name: string, among: readonly Pod[] = everyone): Pod => {
  const found = among.find(({ owner }) => owner.endsWith(`/homeroom-${name}`));
  if (found === undefined) throw new Error(`no pod of ${name} is rendered`);
  return found;
};

const engines =
  'data-kafka data-mail data-payments data-postgres data-postgres-replica data-redis-sessions data-redis-cache';
const all =
  'enrollment-api enrollment-worker families-api families-worker notifications-api notifications-worker gateway ' +
  `${engines} enrollment-migrate-1 families-migrate-1 notifications-migrate-1 ` +
  'enrollment-answers families-answers notifications-answers sign-in coordinator';
const dns = 'out to namespaces {} :53/udp :53';

/** A service's pods, and the Jobs and tests that work for it, share a policy. */
const ofService = (service: string, ...own: string[]): string[] => [
  'in from gateway data-payments enrollment-answers families-answers notifications-answers sign-in :3000',
  'in from namespaces {} :9100',
  dns,
  `out to ${engines} :5432`,
  `out to ${engines} :6379`,
  `out to ${engines} :6379`,
  `out to ${engines} :9092`,
  ...own,
  `out to ${service}-api :3000`,
];
const ofEngine = (port: number, ...own: string[]): string[] => [`in from ${all} :${port}`, ...own];

const expected: Record<string, string[]> = {
  gateway: [
    'in from anywhere :8080',
    'in from namespaces {} :8404',
    dns,
    'out to enrollment-api families-api notifications-api :3000',
  ],
  'sign-in': [dns, 'out to gateway :8080'],
  coordinator: ofService('families'),
  'data-postgres': ofEngine(5432, dns),
  'data-postgres-replica': ofEngine(5432, dns, 'out to data-postgres :5432'),
  'data-redis-sessions': ofEngine(6379, dns),
  'data-redis-cache': ofEngine(6379, dns),
  'data-kafka': ofEngine(9092, 'in from data-kafka :9093', dns, 'out to data-kafka :9092 :9093'),
  'data-mail': ofEngine(1025, dns),
  'data-payments': ofEngine(8090, dns, 'out to enrollment-api families-api notifications-api :3000'),
  ...Object.fromEntries(
    ['api', 'worker', 'migrate-1', 'answers'].flatMap((role) => [
      [`families-${role}`, ofService('families')],
      [`enrollment-${role}`, ofService('enrollment', 'out to anywhere :8090')],
      [`notifications-${role}`, ofService('notifications', 'out to anywhere :1025')],
    ]),
  ),
};

describe('a pod is open to exactly', () => {
  test.each(Object.entries(expected))('%s', (name, rules) => {
    expect(openings(plain, pod(name), everyone)).toEqual(rules);
  });

  test('and no pod is missing here', () => {
    expect(everyone.map(({ owner }) => owner.replace(/^.*\/homeroom-/, '')).sort()).toEqual(
      Object.keys(expected).sort(),
    );
  });

  const rules: [policy: string, way: string, index: number][] = plain
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .flatMap(({ metadata, spec }) =>
      ['ingress', 'egress'].flatMap((way) =>
        (spec[way] ?? []).map((_: Manifest, index: number) => [metadata.name, way, index]),
      ),
    );

  test.each(rules)('a missing opening is noticed: %s %s %i', (name, way, index) => {
    const changed = structuredClone(plain);
    const policy = changed.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === name);
    policy.spec[way].splice(index, 1);
    const differs = everyone.some((candidate) => {
      const now = openings(changed, candidate, everyone);
      return now.join() !== openings(plain, candidate, everyone).join();
    });
    expect(differs).toBe(true);
  });
});

describe('nothing else goes in or out', () => {
  test.each(everyone.map((candidate) => [candidate.owner, candidate] as const))('of %s', (_, candidate) => {
    const policies = policiesOf(plain, candidate);
    expect(policies.map(({ metadata }) => metadata.name)).toContain('homeroom-default-deny');
    expect(policies.length).toBeGreaterThanOrEqual(2);
    for (const way of ['Ingress', 'Egress'])
      expect(policies.some(({ spec }) => spec.policyTypes.includes(way))).toBe(true);
  });

  test('denying everything opens nothing', () => {
    const deny = plain.find(({ metadata }) => metadata.name === 'homeroom-default-deny');
    expect(deny.spec.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(deny.spec).not.toHaveProperty('ingress');
    expect(deny.spec).not.toHaveProperty('egress');
  });
});

describe('values open more', () => {
  const rulesOf = (values: Record<string, unknown>, name: string): string[] => {
    const manifests = render(values);
    return openings(manifests, pod(name, pods(manifests)), pods(manifests));
  };

  test('who may read metrics', () => {
    const from = [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }];
    const values = { 'global.networkPolicy.metricsFrom': from };
    const selector = 'in from namespaces {"matchLabels":{"name":"monitoring"}}';
    expect(rulesOf(values, 'families-api')).toContain(`${selector} :9100`);
    expect(rulesOf(values, 'gateway')).toContain(`${selector} :8404`);
    expect(rulesOf(values, 'families-api')).not.toContain('in from namespaces {} :9100');
  });

  test('who may call the APIs', () => {
    const values = { 'global.networkPolicy.ingressFrom': [{ namespaceSelector: { matchLabels: { name: 'edge' } } }] };
    const [calls] = rulesOf(values, 'families-api');
    expect(calls).toMatch(/^in from gateway .* and namespaces \{"matchLabels":\{"name":"edge"\}\} :3000$/);
    expect(rulesOf({}, 'families-api')[0]).not.toContain('namespaces');
  });

  test.each([
    ['http://collector.monitoring:4318', 4318],
    ['http://10.0.0.5', 80],
    ['https://otel1.example/base', 443],
  ])('where traces go: %s', (endpoint, port) => {
    expect(rulesOf({ 'global.otlpEndpoint': endpoint }, 'families-api')).toContain(`out to anywhere :${port}`);
    expect(rulesOf({}, 'families-api')).not.toContain(`out to anywhere :${port}`);
  });

  test.each([
    ['smtp://mail.example', ':587'],
    ['smtps://mail.example', ':465'],
    ['smtp://mail.example:2500', ':2500'],
  ])('where mails go: %s', (url, port) => {
    const values = { 'data.parts.mail': false, 'global.smtp.url': url };
    expect(rulesOf(values, 'notifications-worker')).toContain(`out to anywhere ${port}`);
    expect(rulesOf(values, 'notifications-worker')).not.toContain('out to anywhere :1025');
  });

  test('where mails go, when only a Secret knows: the ports of mail servers', () => {
    const values = { 'data.parts.mail': false, 'global.smtp.secret.name': 'smtp' };
    expect(rulesOf(values, 'notifications-worker')).toContain('out to anywhere :25 :465 :587 :2525');
  });

  test('where charges are asked for, and where the sandbox sends its webhooks', () => {
    const values = { 'data.parts.payments': false, 'global.payments.url': 'https://pay.example' };
    expect(rulesOf(values, 'enrollment-worker')).toContain('out to anywhere :443');
    expect(rulesOf(values, 'enrollment-worker')).not.toContain('out to anywhere :8090');
    const elsewhere = { 'data.sandbox.webhookUrl': 'http://outside.example/hook' };
    expect(rulesOf(elsewhere, 'data-payments')).toContain('out to anywhere :any');
    expect(rulesOf({}, 'data-payments')).not.toContain('out to anywhere :any');
  });

  test('metrics are closed unless a reader is named', () => {
    const values = { 'global.networkPolicy.metricsFrom': [] };
    expect(rulesOf(values, 'families-api').filter((rule) => rule.endsWith(':9100'))).toEqual([]);
    expect(rulesOf(values, 'gateway').filter((rule) => rule.endsWith(':8404'))).toEqual([]);
  });

  test('engines of your own may be anywhere, at their ports', () => {
    const manifests = render({}, ['values-production.yaml']);
    const rules = openings(manifests, pod('families-api', pods(manifests)), pods(manifests));
    expect(rules.filter((rule) => rule.startsWith('out to anywhere'))).toEqual([
      'out to anywhere :5432',
      'out to anywhere :6379',
      'out to anywhere :6379',
      'out to anywhere :9092',
    ]);
  });
});
