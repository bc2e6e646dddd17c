import { join } from 'node:path';
import { dataOn, nodes, serves, until, type Release } from './cluster.ts';
import { demo, demoValues, loadAdapterRules } from './demos.ts';
import { journey } from './journey.ts';
import { same } from './parts.ts';
import type { Proof } from './proof.ts';
import { charts } from './render.ts';

const chart = join(charts, 'homeroom');

/** A fresh install, the journey of its users, the operators' demos, and the uninstall. */
export async function proveRelease({ parts, release, images, options }: Proof): Promise<void> {
  const { families, adapter } = options;
  const names = await nodes();
  await parts.part('refusals', () => refusals(release));
  const values = [...images, '--values', demoValues('values.yaml'), ...dataOn(names)];
  const startedAt = performance.now();
  await parts.part('helm install', async () => {
    await release.helm('install', 'homeroom', chart, ...values, '--wait', '--timeout', '300s');
    same('pods that restarted', await release.restarts(), '');
  });
  await parts.part('helm test', () => release.helm('test', 'homeroom', '--timeout', '120s'));
  await parts.part('journey', () => journey(release, families));
  console.log(`  from helm install to the journey's end: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

  await parts.part('scale', () => demo(release, 'scale'));
  await parts.part('roll', () => demo(release, 'roll'));
  if (names.length > 1) await parts.part('drain', () => demo(release, 'drain'));
  else parts.leaveOut('drain', 'the cluster has only one node');
  if (adapter !== undefined)
    await parts.part('adapter rules', async () => {
      await loadAdapterRules(adapter);
      await until('custom metrics are served again', () => serves('custom.metrics.k8s.io'));
    });
  // an adapter that was given must serve; right after its restart, one question may get no answer
  if (adapter !== undefined || (await serves('custom.metrics.k8s.io'))) {
    const short = ['--values', demoValues('values-autoscaling.yaml')];
    await parts.part('upgrade to autoscaling', async () => {
      await release.helm('upgrade', 'homeroom', chart, ...values, ...short, '--wait', '--timeout', '300s');
      // without traffic, CPU, latency, and Kafka lag must read 0 instead of unknown
      await release.kubectl('wait', '--for=condition=ScalingActive', 'hpa', '--all', '--timeout=120s');
    });
    await parts.part('autoscale-latency', () => demo(release, 'autoscale-latency'));
  } else parts.leaveOut('autoscale-latency', 'the cluster serves no custom metrics: k8s/metrics');
  await parts.part('helm uninstall', () => uninstall(release));
}

/** Names that do not exist in the cluster are refused before anything is installed. */
async function refusals(release: Release): Promise<void> {
  await release.kubectl('create', 'secret', 'generic', 'half', '--from-literal=cursor-secret=x');
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
    const refused = await release.helm(...install).then(
      () => 'nothing',
      (error: unknown) => (error as Error).message.replaceAll("'", '’'),
    );
    if (!refused.includes(sentence)) throw new Error(`${flag} was refused with ${refused}`);
    // accepted for users who may not read from the cluster
    await release.helm(...install, '--set', 'global.checkCluster=false');
  }
  await release.kubectl('delete', 'secret', 'half');
}

/** Uninstalls the release. Only its Secrets and volumes may remain. */
async function uninstall(release: Release): Promise<void> {
  await release.helm('uninstall', 'homeroom', '--wait');
  // the pods' owners are deleted; the pods themselves still finish their work
  await release.kubectl('wait', '--for=delete', 'pod,replicaset,job', '--all', '--timeout=120s');
  const left = await release.kubectl('get', 'all,cm,sa,pdb,hpa,netpol,ingress,secret,pvc', '--output', 'name');
  const unexpected = left
    .split('\n')
    .filter(
      (name) => name !== '' && !/^(secret|persistentvolumeclaim)\/|kube-root-ca|serviceaccount\/default/.test(name),
    );
  same('objects that remain besides Secrets and volumes', unexpected.join(' '), '');
}
