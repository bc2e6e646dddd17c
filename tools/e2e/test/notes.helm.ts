import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts, evaluate } from '../src/render.ts';

const text = readFileSync(join(charts, 'homeroom', 'templates', 'NOTES.txt'), 'utf8');
/** helm shows the notes at an install alone, and not every version without a cluster. */
const notes = (values: Record<string, unknown> = {}): string =>
  evaluate('tpl (.Files.Get "notes") .', values, { notes: text }) as string;

const production = {
  'data.enabled': false,
  'global.postgres.host': 'db',
  'global.redis.sessions.host': 's',
  'global.redis.cache.host': 'c',
  'global.kafka.brokers': ['k:9092'],
  'global.smtp.url': 'smtp://m:25',
  'global.payments.url': 'https://p.example',
  ...Object.fromEntries(['families', 'enrollment', 'notifications'].map((s) => [`${s}.database.secret.name`, 'db'])),
};
const edge = {
  'global.publicOrigin': 'https://a.example',
  'global.networkPolicy.ingressFrom': [{ namespaceSelector: {} }],
};

test('say what to wait for, what to open, how to sign in and how to try it out', () => {
  const said = notes();
  expect(said).toContain('kubectl -n homeroom wait --for=condition=Available');
  expect(said).toContain('Open http://127.0.0.1:8080 after');
  expect(said).toContain('kubectl -n homeroom port-forward service/homeroom-gateway 8080:80');
  expect(said).toContain('Sign in as coordinator@homeroom.example with the password from');
  expect(said).toContain('get secret homeroom-coordinator');
  expect(said).not.toContain('operator');
  expect(notes({ 'operator.enabled': true })).toContain('get secret homeroom-operator');
  expect(said).toContain('port-forward service/homeroom-data-mail 8025');
  expect(said).toContain('helm -n homeroom test homeroom');
});

test('lead to the node’s port, the Ingress or the route where one of them leads in', () => {
  const ways: [Record<string, unknown>, string][] = [
    [{ 'gateway.service.type': 'NodePort' }, 'on the node port of Service homeroom-gateway'],
    [
      { ...edge, 'global.ingress.enabled': true, 'global.ingress.host': 'a.example' },
      'Open https://a.example: the Ingress routes a.example',
    ],
    [
      { ...edge, 'global.httpRoute': { enabled: true, parentRefs: [{ name: 'edge' }], hostnames: [] } },
      'Open https://a.example: HTTPRoutes route',
    ],
  ];
  for (const [values, sentence] of ways) {
    expect(notes(values)).toContain(sentence);
    expect(notes(values)).not.toContain('127.0.0.1:8080');
    expect(notes()).not.toContain(sentence);
  }
});

test('say nothing of what is not there', () => {
  const said = notes({ ...production, 'coordinator.enabled': false });
  expect(said).not.toContain('Sign in');
  expect(said).not.toContain('homeroom-data-');
  expect(said).not.toContain('for demos');
});
