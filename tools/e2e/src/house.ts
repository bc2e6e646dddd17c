import { join } from 'node:path';
import { demo, demoValues, loadAdapterRules } from './demos.ts';
import type { House } from './cluster.ts';
import { journey } from './journey.ts';
import type { Options } from './options.ts';
import { same, type Parts } from './parts.ts';
import { charts } from './render.ts';

const chart = join(charts, 'homeroom');

/** A fresh install, what people do in it, what operators do with it, and its end. */
export async function proveHouse(
  parts: Parts,
  house: House,
  images: readonly string[],
  { families, adapter }: Options,
): Promise<void> {
  const nodes = await house.nodes();
  await parts.part('what the cluster refuses', () => refusals(house));
  const values = [...images, '--values', demoValues('values.yaml'), ...house.dataOn(nodes)];
  const startedAt = performance.now();
  await parts.part('helm install', async () => {
    await house.helm('install', 'homeroom', chart, ...values, '--wait', '--timeout', '300s');
    same('pods that had to start again', await house.restarts(), '');
  });
  await parts.part('helm test', () => house.helm('test', 'homeroom', '--timeout', '120s'));
  await parts.part('journey', () => journey(house, families));
  console.log(`  from helm install to the journey's end: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

  await parts.part('scale', () => demo(house, 'scale'));
  await parts.part('roll', () => demo(house, 'roll'));
  if (nodes.length > 1) await parts.part('drain', () => demo(house, 'drain'));
  else parts.leaveOut('drain', 'a cluster of one node has nowhere to drain to');
  if (adapter !== undefined)
    await parts.part('adapter rules', async () => {
      await loadAdapterRules(adapter);
      await house.until('custom metrics are served again', () => house.serves('custom.metrics.k8s.io'));
    });
  if (await house.serves('custom.metrics.k8s.io')) {
    const short = ['--values', demoValues('values-autoscaling.yaml')];
    await parts.part('upgrade to autoscaling', async () => {
      await house.helm('upgrade', 'homeroom', chart, ...values, ...short, '--wait', '--timeout', '300s');
      // CPU and latency of the APIs, Kafka lag of the workers: without traffic they read 0, and not nothing
      await house.kubectl('wait', '--for=condition=ScalingActive', 'hpa', '--all', '--timeout=120s');
    });
    await parts.part('autoscale-latency', () => demo(house, 'autoscale-latency'));
  } else parts.leaveOut('autoscale-latency', 'the cluster serves no custom metrics: k8s/metrics');
  await parts.part('helm uninstall', () => uninstall(house));
}

/** Names that the cluster does not have are refused before anything is installed. */
async function refusals(house: House): Promise<void> {
  await house.kubectl('create', 'secret', 'generic', 'half', '--from-literal=cursor-secret=x');
  const wrong: [flag: string, sentence: string][] = [
    ['data.storageClass=nowhere', 'data.storageClass is nowhere, and the cluster’s StorageClasses are'],
    ['global.signingSecret=mine', 'names the Secret mine, and namespace'],
    [
      'global.signingSecret=half',
      'has no key payment-webhook-secret and no key account-token-secret (it has cursor-secret)',
    ],
  ];
  for (const [flag, sentence] of wrong) {
    const install = ['install', 'homeroom', chart, '--dry-run=server', '--set', flag];
    const refused = await house.helm(...install).then(
      () => 'nothing',
      (error: unknown) => (error as Error).message.replaceAll("'", '’'),
    );
    if (!refused.includes(sentence)) throw new Error(`${flag} is refused with ${refused}`);
    // the same name is taken by whoever may not ask the cluster
    await house.helm(...install, '--set', 'global.checkCluster=false');
  }
  await house.kubectl('delete', 'secret', 'half');
}

/** Ends the release; what must be left of it are its Secrets and volumes. */
async function uninstall(house: House): Promise<void> {
  await house.helm('uninstall', 'homeroom', '--wait');
  // what owns the pods is gone; they themselves finish what they are doing
  await house.kubectl('wait', '--for=delete', 'pod,replicaset,job', '--all', '--timeout=120s');
  const left = await house.kubectl('get', 'all,cm,sa,pdb,hpa,netpol,ingress,secret,pvc', '--output', 'name');
  const unexpected = left
    .split('\n')
    .filter(
      (name) => name !== '' && !/^(secret|persistentvolumeclaim)\/|kube-root-ca|serviceaccount\/default/.test(name),
    );
  same('what is left besides Secrets and volumes', unexpected.join(' '), '');
}
