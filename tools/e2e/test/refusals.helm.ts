import { describe, expect, test } from '@jest/globals';
import { refusal } from '../src/render.ts';

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
      /families.api.autoscaling.minReplicas 60 is more than maxReplicas 50: lower the one/,
    ],
    ['two autoscalers', { ...scaled, 'global.keda.enabled': true }, /are both true.*set one of them to false/],
    [
      'pools over the budget',
      { ...scaled, 'families.api.pool.primary': 9 },
      /families 468 \+ enrollment 182 \+ notifications 182 = 832 connections to Postgres, and it has 580 for them \(maxConnections 600 less reservedConnections 20\).*raise global.postgres.maxConnections to 852/,
    ],
    [
      'one service’s pool over the budget',
      { 'global.postgres.maxConnections': 30 },
      /notifications may open 18 connections, and Postgres has 10 for it/,
    ],
    [
      'a replica over the budget',
      { ...scaled, 'families.api.pool.replica': 9 },
      /= 781 connections to a replica.*raise global.postgres.maxConnections to 801/,
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
      /global.postgres.host is db and data.parts.postgres is true: nobody would use the Postgres of data/,
    ],
    [
      'passwords that the Postgres of data does not know',
      { 'families.database.secret.name': 'mine' },
      /families.database.secret.name is mine.*makes passwords of its own: leave the name empty/,
    ],
    ['a drain without time', { 'families.shutdown.notReadySeconds': 15 }, /raise deadlineSeconds above 30/],
    ['two ways in', { ...edge, 'global.ingress.enabled': true, 'global.httpRoute.enabled': true }, /choose the one/],
    ['a route of no Gateway', { ...edge, 'global.httpRoute.enabled': true }, /parentRefs is empty: name the Gateway/],
    ['an Ingress without a name', { ...edge, 'global.ingress.enabled': true }, /host is empty: say under which name/],
    [
      'a way in that the policies close',
      { 'global.httpRoute': route },
      /global.httpRoute.enabled is true and global.networkPolicy.ingressFrom is empty.*name the pods that lead in/,
    ],
    ['a route to nothing', { ...edge, 'global.httpRoute': route, 'families.paths': [] }, /families.paths is empty/],
    ['more pods than the gateway knows', { ...scaled, 'gateway.slots': 10 }, /raise gateway.slots/],
  ])('%s', (_, values, sentence) => {
    expect(refusal(values)).toMatch(sentence);
  });

  test.each<[string, Record<string, unknown>]>([
    ['pools within the budget', { ...scaled, 'families.api.pool.primary': 3 }],
    [
      'pools over it, of a larger server',
      { ...scaled, 'families.api.pool.primary': 9, 'global.postgres.maxConnections': 852 },
    ],
    [
      'a replica’s pools where none is read from',
      { ...scaled, 'families.api.pool.replica': 9, 'global.postgres.replicas': 0 },
    ],
    ['a Postgres of yours in place of that of data', { ...ownDatabase, 'data.parts.postgres': false }],
    ['the name of the Secret that data makes', { 'families.database.secret.name': 'homeroom-families-database' }],
    ['a route that the policies let in', { ...edge, 'global.httpRoute': route }],
    ['a route without policies', { 'global.networkPolicy.enabled': false, 'global.httpRoute': route }],
    ['as many pods as the gateway knows', { ...scaled, 'gateway.slots': 50 }],
    ['three brokers', { 'data.kafka.brokers': 3 }],
  ])('and %s are not', (_, values) => {
    expect(refusal(values)).toBe('rendered');
  });
});
