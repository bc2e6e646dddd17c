// Existing engines, by address and by Secret: the pods' environment is what matters.
import { expect, test } from '@jest/globals';
import { environment } from '../src/environment.ts';
import { find, pods, render, type Manifest } from '../src/render.ts';

const external = {
  'data.enabled': false,
  'global.postgres': { host: 'db.example', port: 6432, replicaHost: 'ro.example' },
  'global.redis.sessions': { host: 's.example', port: 6380, tls: true, secret: { name: 'sessions', key: 'pw' } },
  'global.redis.cache': { host: 'c.example' },
  'global.kafka.brokers': ['k1.example:9094', 'k2.example:9094'],
  'global.smtp.secret.name': 'smtp',
  'global.payments.url': 'https://pay.example',
  'global.signingSecret': 'signing',
  'families.database': {
    name: 'fam',
    user: 'reader',
    owner: 'boss',
    secret: { name: 'db', appKey: 'a', ownerKey: 'o' },
  },
  'enrollment.database.secret.name': 'db-e',
  'notifications.database.secret.name': 'db-n',
};
const manifests = render(external);

function env(name: string, from = manifests, kind = 'Deployment'): Record<string, unknown> {
  const [container] = find(from, kind, name).spec.template.spec.containers;
  return Object.fromEntries(
    container.env.map(({ name: key, value, valueFrom }: Manifest) => [key, value ?? valueFrom.secretKeyRef]),
  );
}

test('nothing of the data tier and no Secret is made', () => {
  expect(manifests.some(({ kind }) => kind === 'StatefulSet')).toBe(false);
  expect(manifests.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name)).toEqual([
    'homeroom-coordinator',
  ]);
});

test('Postgres and its replica are where the values say, under the roles and passwords that they name', () => {
  expect(env('homeroom-families-api')).toMatchObject({
    DATABASE_PASSWORD: { name: 'db', key: 'a' },
    DATABASE_URL: 'postgres://reader:$(DATABASE_PASSWORD)@db.example:6432/fam',
    DATABASE_REPLICA_URLS: 'postgres://reader:$(DATABASE_PASSWORD)@ro.example:6432/fam',
  });
  expect(env('homeroom-families-migrate-1', manifests, 'Job')).toMatchObject({
    DATABASE_OWNER_PASSWORD: { name: 'db', key: 'o' },
    DATABASE_MIGRATION_URL: 'postgres://boss:$(DATABASE_OWNER_PASSWORD)@db.example:6432/fam',
  });
});

test('every program finds whole addresses: the password stands before the address that it belongs to', () => {
  const found = pods(manifests).map((pod) => [pod.owner, environment(manifests, pod)] as const);
  const unfilled = found.flatMap(([owner, variables]) =>
    Object.entries(variables)
      .filter(([, value]) => value.includes('$('))
      .map(([name]) => `${owner} ${name}`),
  );
  expect(unfilled).toEqual([]);
  expect(Object.fromEntries(found)['Job/homeroom-coordinator']).toMatchObject({
    DATABASE_URL: 'postgres://reader:<db/a>@db.example:6432/fam',
  });
});

test('a password that stood after its address would not be filled in', () => {
  const turned = pods(manifests).find(({ owner }) => owner === 'Deployment/homeroom-families-api')!;
  turned.spec.containers[0].env.reverse();
  expect(environment(manifests, turned)['DATABASE_URL']).toContain('$(DATABASE_PASSWORD)');
});

test('without a replica’s address reads go to the primary', () => {
  const primaryOnly = render({ ...external, 'global.postgres': { host: 'db.example', port: 6432 } });
  expect(env('homeroom-families-api', primaryOnly)).not.toHaveProperty('DATABASE_REPLICA_URLS');
});

test('Redis is spoken to with TLS and a password where the values say so', () => {
  expect(env('homeroom-enrollment-api')).toMatchObject({
    REDIS_SESSIONS_PASSWORD: { name: 'sessions', key: 'pw' },
    REDIS_SESSIONS_URL: 'rediss://:$(REDIS_SESSIONS_PASSWORD)@s.example:6380',
    REDIS_CACHE_URL: 'redis://c.example:6379',
  });
  expect(env('homeroom-enrollment-api')).not.toHaveProperty('REDIS_CACHE_PASSWORD');
});

test('Kafka, mail, payments and signatures are those that are named', () => {
  expect(find(manifests, 'ConfigMap', 'homeroom-families').data.KAFKA_BROKERS).toBe('k1.example:9094,k2.example:9094');
  expect(env('homeroom-notifications-worker')).toMatchObject({ SMTP_URL: { name: 'smtp', key: 'url' } });
  expect(env('homeroom-enrollment-worker')).toMatchObject({ PAYMENT_URL: 'https://pay.example' });
  expect(env('homeroom-enrollment-api')).toMatchObject({
    CURSOR_SECRET: { name: 'signing', key: 'cursor-secret' },
    PAYMENT_WEBHOOK_SECRET: { name: 'signing', key: 'payment-webhook-secret' },
  });
});

test('with none of it said, all is the release’s own', () => {
  expect(env('homeroom-families-api', render())).toMatchObject({
    DATABASE_PASSWORD: { name: 'homeroom-families-database', key: 'app-password' },
    DATABASE_URL: 'postgres://families_app:$(DATABASE_PASSWORD)@homeroom-data-postgres-rw:5432/families',
    DATABASE_REPLICA_URLS: 'postgres://families_app:$(DATABASE_PASSWORD)@homeroom-data-postgres-ro:5432/families',
    REDIS_SESSIONS_URL: 'redis://:$(REDIS_SESSIONS_PASSWORD)@homeroom-data-redis-sessions:6379',
  });
});
