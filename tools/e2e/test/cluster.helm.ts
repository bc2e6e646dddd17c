// What only a cluster knows. Here the sentences are asked for with what a cluster would answer; `npm run e2e:cluster` has a real one.
import { describe, expect, test } from '@jest/globals';
import { evaluate, refusal } from '../src/render.ts';

/** A template's own way of writing a value. */
const written = (value: unknown): string => `(${JSON.stringify(JSON.stringify(value))} | fromJson)`;

describe('at an upgrade, migrations go before all else', () => {
  const first = (about: object): unknown =>
    evaluate(
      `include "service.databaseExists" ${written({ host: '', upgrade: true, queried: 'yes', primary: {}, ...about })}`,
    );

  test.each<[string, object, unknown]>([
    ['where the Postgres of data is ready', { primary: { status: { readyReplicas: 1 } } }, 'yes'],
    ['where it is yours', { host: 'db.example' }, 'yes'],
    ['where the cluster was not queried', { queried: '' }, 'yes'],
    ['but not where this upgrade brings it', {}, ''],
    ['and not where this upgrade fixes it', { primary: { status: { replicas: 1 } } }, ''],
  ])('%s', (_, about, answer) => {
    expect(first(about)).toBe(answer);
  });
});

describe('a Secret', () => {
  const refused = (found: unknown, keys: string[] = ['cursor-secret', 'payment-webhook-secret']): unknown =>
    evaluate(
      `include "service.refusedSecret" ${written({
        value: 'global.signingSecret',
        secret: 'mine',
        namespace: 'homeroom',
        keys,
        found,
      })}`,
    );

  test('that is not there is refused', () => {
    expect(refused({})).toBe(
      'global.signingSecret names the Secret mine, and namespace homeroom has no Secret of that name: create it first, or correct the name.',
    );
  });

  test('that lacks a key is refused, with the keys that it has', () => {
    expect(refused({ data: { other: '', 'cursor-secret': '' } })).toBe(
      'global.signingSecret names the Secret mine, which has no key payment-webhook-secret (it has cursor-secret, other): add the key, or name another.',
    );
    expect(refused({ metadata: {} })).toContain(
      'no key cursor-secret and no key payment-webhook-secret (it has none): add',
    );
  });

  test('that has what is asked for is not', () => {
    expect(refused({ data: { 'cursor-secret': '', 'payment-webhook-secret': '' } })).toBe('');
    expect(refused({ metadata: {} }, [])).toBe('');
  });
});

describe('a StorageClass', () => {
  const local = { metadata: { name: 'local' } };
  const standard = {
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  };
  const refused = (name: string, found: unknown[]): unknown =>
    evaluate(`include "homeroom.refusedStorageClass" ${written({ name, found })}`);

  test('that is not there is refused, with those that are', () => {
    expect(refused('fast', [standard, local])).toBe(
      "data.storageClass is fast, and the cluster's StorageClasses are local, standard: choose one of them.",
    );
    expect(refused('fast', [])).toContain('StorageClasses are none');
  });

  test('must be named where none is the default', () => {
    expect(refused('', [local])).toBe(
      'The cluster has no default StorageClass for the volumes of data (its StorageClasses are local): name one in data.storageClass, or mark one as default.',
    );
  });

  test('that is there, or the default one, is not refused', () => {
    expect([refused('local', [standard, local]), refused('', [local, standard])]).toEqual(['', '']);
  });
});

test('the Secrets that a release makes are none that must be there before', () => {
  const own = (values: Record<string, unknown>): unknown =>
    evaluate('include "homeroom.ownSecrets" . | fromJsonArray', values);
  expect(own({})).toEqual([
    'homeroom-signing',
    'homeroom-coordinator',
    'homeroom-data-redis',
    'homeroom-data-postgres',
    'homeroom-families-database',
    'homeroom-enrollment-database',
    'homeroom-notifications-database',
  ]);
  expect(own({ 'operator.enabled': true })).toContain('homeroom-operator');
  expect(own({ 'global.signingSecret': 'mine', 'coordinator.enabled': false })).not.toContain('homeroom-signing');
});

test('without a cluster nothing is asked, and nothing refused', () => {
  expect(refusal({ 'global.signingSecret': 'nowhere', 'data.storageClass': 'nowhere' })).toBe('rendered');
});
