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
  const values = [...images, '--values', demoValues('values.yaml'), ...house.dataOn(nodes)];
  const startedAt = performance.now();
  await parts.part('helm install', () =>
    house.helm('install', 'homeroom', chart, ...values, '--wait', '--timeout', '300s'),
  );
  same('pods that had to start again', await house.restarts(), '');
  await parts.part('helm test', () => house.helm('test', 'homeroom', '--timeout', '120s'));
  await parts.part('journey', () => journey(house, families));
  console.log(`  from helm install to the journey's end: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

  await parts.part('scale', () => demo(house, 'scale'));
  await parts.part('roll', () => demo(house, 'roll'));
  if (nodes.length > 1) await parts.part('drain', () => demo(house, 'drain'));
  else parts.leaveOut('drain', 'a cluster of one node has nowhere to drain to');
  if (adapter !== undefined) await parts.part('adapter rules', () => loadAdapterRules(adapter));
  if (await house.serves('custom.metrics.k8s.io')) {
    const short = ['--values', demoValues('values-autoscaling.yaml')];
    await parts.part('upgrade to autoscaling', () =>
      house.helm('upgrade', 'homeroom', chart, ...values, ...short, '--wait', '--timeout', '300s'),
    );
    await parts.part('autoscale-latency', () => demo(house, 'autoscale-latency'));
  } else parts.leaveOut('autoscale-latency', 'the cluster serves no custom metrics: k8s/metrics');
  await parts.part('helm uninstall', () => uninstall(house));
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
