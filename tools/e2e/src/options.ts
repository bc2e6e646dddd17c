import { parseArgs } from 'node:util';

export const help = `Tests the charts on the cluster of the current KUBECONFIG, in namespaces of its own.

  npm run e2e:cluster -- [options]

  --act <name>          only this one, repeatable: charts, release, upgrade, production, inner-loop;
                        images builds and loads what the others need, and tests nothing
  --load <command>      run with the names of the built images, such as "kind load docker-image"
  --tag <tag>           use images with this tag, which are already in the cluster, and build none
  --adapter <ns/name>   the metrics adapter (ConfigMap and Deployment) to load with k8s/metrics/adapter-rules.yaml; without it
                        autoscaling on latency is tested only if the metric is already served
  --families <n>        families in the journey, 40
  --keep                keep releases and namespaces

Needs kubectl, kubeconform, helm (HELM names another) and Docker. The exit status is 1 when a check fails.`;

const proofs = ['charts', 'release', 'upgrade', 'production', 'inner-loop'] as const;
const acts = ['images', ...proofs] as const;
export type Act = (typeof acts)[number];

export type Options = ReturnType<typeof readOptions>;

/** @throws {Error} naming the wrong flag. */
export function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      act: { type: 'string', multiple: true },
      load: { type: 'string' },
      tag: { type: 'string' },
      adapter: { type: 'string' },
      families: { type: 'string', default: '40' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const selected: readonly Act[] = values.act?.map(readAct) ?? proofs;
  return {
    ...values,
    acts: selected,
    adapter: values.adapter === undefined ? undefined : readAdapter(values.adapter),
  };
}

function readAct(name: string): Act {
  const act = acts.find((candidate) => candidate === name);
  if (act === undefined) throw new Error(`--act ${name}: choose ${acts.join(', ')}`);
  return act;
}

function readAdapter(text: string): { namespace: string; name: string } {
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (namespace === undefined || name === undefined) throw new Error(`--adapter ${text}: use NAMESPACE/NAME`);
  return { namespace, name };
}
