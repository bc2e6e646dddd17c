import { parseArgs } from 'node:util';

export const help = `Proves the charts on the cluster of the current KUBECONFIG, in namespaces of its own.

  npm run e2e:cluster -- [options]

  --act <name>          only this one, may be repeated: charts, house, upgrade, production, inner-loop
  --load <command>      run with the images' names once they are built, such as "kind load docker-image"
  --tag <tag>           images with this tag are in the cluster already: build none
  --adapter <ns/name>   the metrics adapter (ConfigMap and Deployment) that gets k8s/metrics/adapter-rules.yaml; without it
                        autoscaling on latency is proved only if the metric is served already
  --families <n>        how many families the journey brings, 40
  --keep                leave releases and namespaces

Needs kubectl, kubeconform, helm (HELM names another) and Docker. Ends by itself; exit status 1 when a promise is broken.`;

export const acts = ['charts', 'house', 'upgrade', 'production', 'inner-loop'] as const;
export type Act = (typeof acts)[number];

export interface Options {
  acts: readonly Act[];
  load: string | undefined;
  tag: string | undefined;
  adapter: { namespace: string; name: string } | undefined;
  families: string;
  keep: boolean;
  help: boolean;
}

/** @throws {Error} naming the flag that makes no sense. */
export function readOptions(args: readonly string[]): Options {
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
  return {
    acts: values.act?.map(readAct) ?? acts,
    load: values.load,
    tag: values.tag,
    adapter: values.adapter === undefined ? undefined : readAdapter(values.adapter),
    families: values.families,
    keep: values.keep,
    help: values.help,
  };
}

function readAct(name: string): Act {
  const act = acts.find((candidate) => candidate === name);
  if (act === undefined) throw new Error(`--act ${name}: choose ${acts.join(', ')}`);
  return act;
}

function readAdapter(text: string): { namespace: string; name: string } {
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (namespace === undefined || name === undefined) throw new Error(`--adapter ${text}: say NAMESPACE/NAME`);
  return { namespace, name };
}
