import { join } from 'node:path';
import type { House } from './cluster.ts';
import { same, type Parts } from './parts.ts';
import { charts } from './render.ts';

const services = ['families', 'enrollment', 'notifications'];

/**
 * The production values beside engines that are there already, with Secrets that somebody else has made: here the data chart,
 * as a release of its own, plays their part. Nothing of it belongs to the house.
 */
export async function proveProduction(parts: Parts, house: House, images: readonly string[]): Promise<void> {
  const wait = ['--wait', '--timeout', '300s'];
  await parts.part('engines that are there already', async () => {
    const secrets = ['cursor-secret', 'payment-webhook-secret', 'account-token-secret'].map(
      (key) => `--from-literal=${key}=made-by-somebody-else`,
    );
    await house.kubectl('create', 'secret', 'generic', 'homeroom-signing', ...secrets);
    const [, tag] = /(?:data\.sandbox|global)\.image\.tag=([^,]+)/.exec(images.join()) ?? [];
    const engines = [
      'global.signingSecret=homeroom-signing',
      `sandbox.image.tag=${tag}`,
      'kafka.brokers=3',
      'sandbox.webhookUrl=http://homeroom-enrollment-api',
    ];
    await house.helm('install', 'engines', join(charts, 'data'), '--set', engines.join(','), ...wait);
    const smtp = '--from-literal=url=smtp://engines-data-mail:1025';
    await house.kubectl('create', 'secret', 'generic', 'homeroom-smtp', smtp);
  });

  const redis = (use: string): string[] => [
    `global.redis.${use}.host=engines-data-redis-${use}`,
    `global.redis.${use}.secret.name=engines-data-redis`,
  ];
  const theirs = [
    'global.image.repository=homeroom',
    'global.postgres.host=engines-data-postgres-rw',
    'global.postgres.replicaHost=engines-data-postgres-ro',
    ...redis('sessions'),
    ...redis('cache'),
    'global.kafka.brokers={engines-data-kafka:9092}',
    'global.payments.url=http://engines-data-payments:8090',
    ...services.map((service) => `${service}.database.secret.name=engines-${service}-database`),
    // this cluster has no Gateway API: the house brings its own way in
    'global.httpRoute.enabled=false',
    'coordinator.enabled=true',
    'global.rateLimitPerMinute=0',
  ];
  const values = ['--values', join(charts, 'homeroom', 'values-production.yaml'), '--set', theirs.join(',')];
  await parts.part('helm install with the production values', async () => {
    await house.helm('install', 'homeroom', join(charts, 'homeroom'), ...values, ...images, ...wait);
    // the migration was a hook before all else, so nothing had to wait for it
    same('pods that had to start again', await house.restarts(), '');
    const own = ['--output', 'name', '--selector', 'app.kubernetes.io/instance=homeroom'];
    same('engines of the house’s own', (await house.kubectl('get', 'statefulset', ...own)).trim(), '');
  });
  await parts.part('helm test', () => house.helm('test', 'homeroom', '--timeout', '120s'));
  await parts.part('every topic is on three brokers', async () => {
    const describe = ['/opt/kafka/bin/kafka-topics.sh', '--bootstrap-server', 'localhost:9092', '--describe'];
    const topics = await house.kubectl('exec', 'engines-data-kafka-0', '--', ...describe);
    const factors = [...topics.matchAll(/Topic: (homeroom\S+)\t.*ReplicationFactor: (\d+)/g)];
    if (factors.length === 0) throw new Error(`there are no topics:\n${topics}`);
    const fewer = factors.filter(([, , factor]) => factor !== '3').map(([, topic]) => topic);
    same('topics on fewer', fewer.join(' '), '');
  });
}
