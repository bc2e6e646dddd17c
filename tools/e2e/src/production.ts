import { join } from 'node:path';
import { same } from './parts.ts';
import type { Proof } from './proof.ts';
import { charts } from './render.ts';

const services = ['families', 'enrollment', 'notifications'];

/** The production values with pre-existing engines, which a separate release of the data chart provides, and external Secrets. */
export async function proveProduction({ parts, release, images }: Proof): Promise<void> {
  const wait = ['--wait', '--timeout', '300s'];
  await parts.part('pre-existing engines', async () => {
    const secrets = ['cursor-secret', 'payment-webhook-secret', 'account-token-secret'].map(
      (key) => `--from-literal=${key}=managed-externally`,
    );
    await release.kubectl('create', 'secret', 'generic', 'homeroom-signing', ...secrets);
    const [, tag] = /(?:data\.sandbox|global)\.image\.tag=([^,]+)/.exec(images.join()) ?? [];
    const engines = [
      'global.signingSecret=homeroom-signing',
      `sandbox.image.tag=${tag}`,
      'kafka.brokers=3',
      'sandbox.webhookUrl=http://homeroom-enrollment-api',
    ];
    await release.helm('install', 'engines', join(charts, 'data'), '--set', engines.join(','), ...wait);
    const smtp = '--from-literal=url=smtp://engines-data-mail:1025';
    await release.kubectl('create', 'secret', 'generic', 'homeroom-smtp', smtp);
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
    // this cluster has no Gateway API: use the bundled gateway
    'global.httpRoute.enabled=false',
    'coordinator.enabled=true',
    'global.rateLimitPerMinute=0',
  ];
  const values = ['--values', join(charts, 'homeroom', 'values-production.yaml'), '--set', theirs.join(',')];
  await parts.part('helm install with the production values', async () => {
    await release.helm('install', 'homeroom', join(charts, 'homeroom'), ...values, ...images, ...wait);
    // the migration ran first, as a hook, so nothing had to wait for it
    same('pods that restarted', await release.restarts(), '');
    const own = ['--output', 'name', '--selector', 'app.kubernetes.io/instance=homeroom'];
    same('engines in the release', (await release.kubectl('get', 'statefulset', ...own)).trim(), '');
  });
  await parts.part('helm test', () => release.helm('test', 'homeroom', '--timeout', '120s'));
  await parts.part('every topic is on three brokers', async () => {
    const describe = ['/opt/kafka/bin/kafka-topics.sh', '--bootstrap-server', 'localhost:9092', '--describe'];
    const topics = await release.kubectl('exec', 'engines-data-kafka-0', '--', ...describe);
    const factors = [...topics.matchAll(/Topic: (homeroom\S+)\t.*ReplicationFactor: (\d+)/g)];
    if (factors.length === 0) throw new Error(`there are no topics:\n${topics}`);
    const fewer = factors.filter(([, , factor]) => factor !== '3').map(([, topic]) => topic);
    same('topics on fewer', fewer.join(' '), '');
  });
}
