import { testWithSwitch } from '@homeroom/testing/switch';
import { describe, expect, test } from '@jest/globals';
import { evaluate, find, refusal, render, type Manifest } from '../src/render.ts';

const scaled = { 'global.autoscaling.enabled': true };
const route = { enabled: true, parentRefs: [{ name: 'edge' }], hostnames: [] };
const edge = { 'global.networkPolicy.ingressFrom': [{ namespaceSelector: {} }] };
const ownDatabase = {
  'global.postgres.host': 'db',
  ...Object.fromEntries(['families', 'enrollment', 'notifications'].map((s) => [`${s}.database.secret.name`, 'db'])),
};

describe('values that make no sense are refused with a sentence', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['a wrong type', { 'global.rateLimitPerMinute': 'many' }, /rateLimitPerMinute.*got string, want integer/],
    ['a word that is none of those to choose from', { 'gateway.balance': 'best' }, /balance.*must be one of/],
    ['two brokers', { 'data.kafka.brokers': 2 }, /brokers.*must be one of 1, 3/],
    [
      'min above max',
      { 'families.api.autoscaling.minReplicas': 60 },
      /families.api.autoscaling.minReplicas 60 is greater than maxReplicas 50: lower minReplicas/,
    ],
    ['two autoscalers', { ...scaled, 'global.keda.enabled': true }, /are both true.*set one of them to false/],
    [
      'one service’s pool over the budget',
      { 'global.postgres.maxConnections': 30 },
      /notifications may open 18 connections, but Postgres allows 10/,
    ],
    [
      'a replica over the budget',
      { ...scaled, 'families.api.pool.replica': 9 },
      /= 781 connections to a replica.*raise global.postgres.maxConnections to 801/,
    ],
    [
      'one address for two roles',
      { 'operator.enabled': true, 'operator.email': 'Coordinator@homeroom.example' },
      /are both Coordinator@homeroom.example: one account has one role/,
    ],
    ['no Postgres', { 'data.enabled': false }, /There is no Postgres: set global.postgres.host/],
    ['no passwords', { 'data.enabled': false, 'global.postgres.host': 'db' }, /families.database.secret.name/],
    [
      'no Redis',
      { ...ownDatabase, 'data.parts': { postgres: false, redis: false } },
      /There is no Redis for cache: set global.redis.cache.host/,
    ],
    ['no Kafka', { 'data.parts.kafka': false }, /There is no Kafka: set global.kafka.brokers/],
    ['no mail server', { 'data.parts.mail': false }, /There is no mail server: set global.smtp.url/],
    ['no payments', { 'data.parts.payments': false }, /There is no payment provider: set global.payments.url/],
    [
      'two Postgres',
      { ...ownDatabase },
      /global.postgres.host is db and data.parts.postgres is true: the Postgres of the data chart would be unused/,
    ],
    [
      'passwords that the Postgres of data does not know',
      { 'families.database.secret.name': 'mine' },
      /families.database.secret.name is mine.*creates its own passwords: leave the name empty/,
    ],
    ['a drain without time', { 'families.shutdown.notReadySeconds': 15 }, /raise deadlineSeconds above 30/],
    [
      'two ways in',
      { ...edge, 'global.ingress.enabled': true, 'global.httpRoute.enabled': true },
      /choose one entry point/,
    ],
    ['a route of no Gateway', { ...edge, 'global.httpRoute.enabled': true }, /parentRefs is empty: set the Gateway/],
    ['an Ingress without a name', { ...edge, 'global.ingress.enabled': true }, /host is empty: set the host name/],
    [
      'a way in that the policies close',
      { 'global.httpRoute': route },
      /global.httpRoute.enabled is true and global.networkPolicy.ingressFrom is empty.*set the pods that route/,
    ],
    ['a route to nothing', { ...edge, 'global.httpRoute': route, 'families.paths': [] }, /families.paths is empty/],
    [
      'more pods than the gateway knows',
      { ...scaled, 'gateway.slots': 50 },
      /families's API may have 50 pods and 1 more during a rollout.*raise gateway.slots to 51/,
    ],
    ['more of them without an autoscaler', { 'families.api.replicas': 60 }, /may have 60 pods.*gateway.slots to 61/],
    [
      'a port of the Postgres of data',
      { 'global.postgres.port': 6432 },
      /postgres.port is 6432.*set global.postgres.host to use your own/,
    ],
    [
      'a replica without a primary',
      { 'global.postgres.replicaHost': 'ro' },
      /postgres.replicaHost is ro and .*host is empty/,
    ],
    ['TLS to the Redis of data', { 'global.redis.cache.tls': true }, /global.redis.cache.host is empty.*set the host/],
    ['a port of the Redis of data', { 'global.redis.sessions.port': 1 }, /global.redis.sessions.host is empty/],
    ['a Secret of the Redis of data', { 'global.redis.cache.secret.name': 'x' }, /global.redis.cache.host is empty/],
    ['keys that data does not make', { 'families.database.secret.appKey': 'pw' }, /unset the keys/],
    ['a service without a database', { 'data.services': ['families'] }, /data.services lacks enrollment/],
    ['another name of a service', { 'families.name': 'households' }, /families.name is households.*leave it empty/],
    [
      'webhooks to a port that is not there',
      { 'enrollment.api.service.port': 8080 },
      /set data.sandbox.webhookUrl to http:\/\/homeroom-enrollment:8080\/api\/payments\/webhook/,
    ],
    [
      'a variable of the chart’s own',
      { 'families.api.config.DATABASE_POOL_SIZE': 9 },
      /families.api.config.DATABASE_POOL/,
    ],
    ['a node port of none', { 'gateway.service.nodePort': 30080 }, /type is ClusterIP, which has none: set the type/],
    ['no latency at all', { 'families.api.autoscaling.latency': '0m' }, /latency.*does not match pattern/],
    ['half a digest', { 'global.image.tag': '1.0@sha256:ab' }, /tag.*does not match pattern/],
    ['a section without its children', { 'families.api': null }, /families.*missing property 'api'/],
    ['no limits', { 'data.postgres.resources': null }, /missing property 'resources'/],
  ])('%s', (_, values, sentence) => {
    expect(refusal(values)).toMatch(sentence);
  });

  testWithSwitch(
    'pools over the budget',
    { name: 'global.postgres.maxConnections', on: 600, off: 852, failure: /Received string:\s+"rendered"/ },
    (maxConnections) => {
      const pools = { ...scaled, 'families.api.pool.primary': 9 };
      expect(refusal({ ...pools, 'global.postgres.maxConnections': maxConnections })).toMatch(
        /families 468 \+ enrollment 182 \+ notifications 182 = 832 connections to Postgres, but it allows 580 \(maxConnections 600 less reservedConnections 20\).*raise global.postgres.maxConnections to 852/,
      );
    },
  );

  test.each<[string, string, RegExp | string]>([
    ['of 31 characters', 'a'.repeat(31), /The release name a{31} is invalid.* at most 30 characters/],
    ['with a dot', 'my.house', /The release name my.house is invalid/],
    ['that begins with a digit', '1house', /begin it with a letter/],
    ['of 30 characters', 'a'.repeat(30), 'rendered'],
  ])('a release’s name %s', (_, release, answer) => {
    expect(refusal({}, [], { release })).toEqual(typeof answer === 'string' ? answer : expect.stringMatching(answer));
  });

  test('a longer name where no StatefulSet bears it', () => {
    expect(refusal({}, ['values-production.yaml'], { release: 'a'.repeat(36) })).toBe('rendered');
    expect(refusal({}, ['values-production.yaml'], { release: 'a'.repeat(37) })).toMatch(/at most 36 characters/);
  });

  test('a service by itself, with nothing to stand on', () => {
    expect(refusal({ name: 'families' }, [], { chart: 'service' })).toMatch(
      /set database.secret.name, global.kafka.brokers, .*global.signingSecret, or install charts\/homeroom/,
    );
  });

  test('every variable that pods get from the chart alone is one that values may not set', () => {
    const own = String(evaluate('include "service.ownVariables" .')).split(' ');
    const [{ env }] = find(render(), 'Deployment', 'homeroom-families-worker').spec.template.spec.containers;
    // the last one is in the values
    const expected = [...own, 'ACCOUNT_TOKEN_SECRET'].sort();
    expect(env.map(({ name }: Manifest) => name as string).sort()).toEqual(expected);
  });

  test.each<[string, Record<string, unknown>]>([
    ['pools within the budget', { ...scaled, 'families.api.pool.primary': 3 }],
    [
      'a replica’s pools where none is read from',
      { ...scaled, 'families.api.pool.replica': 9, 'global.postgres.replicas': 0 },
    ],
    ['a Postgres of yours in place of that of data', { ...ownDatabase, 'data.parts.postgres': false }],
    ['the name of the Secret that data makes', { 'families.database.secret.name': 'homeroom-families-database' }],
    ['a route that the policies let in', { ...edge, 'global.httpRoute': route }],
    ['a route without policies', { 'global.networkPolicy.enabled': false, 'global.httpRoute': route }],
    ['as many pods as the gateway knows', { ...scaled, 'gateway.slots': 51 }],
    [
      'webhooks to their receiver',
      { 'enrollment.api.service.port': 8080, 'data.sandbox.webhookUrl': 'http://homeroom-enrollment:8080/x' },
    ],
    ['a Redis of yours with TLS', { 'global.redis.cache': { host: 'c.example', tls: true } }],
    ['a node port of a NodePort', { 'gateway.service': { type: 'NodePort', nodePort: 30080 } }],
    ['no latency to follow', { ...scaled, 'families.api.autoscaling.latency': '' }],
    ['three brokers', { 'data.kafka.brokers': 3 }],
  ])('and %s are not', (_, values) => {
    expect(refusal(values)).toBe('rendered');
  });
});
