import { refusal, render, type Manifest } from './render.ts';

/** The pods of a rendering and the sum of their resource requests. */
export interface Size {
  readonly pods: number;
  /** Cores. */
  readonly cpu: number;
  readonly memoryGiB: number;
}

type Values = Readonly<Record<string, unknown>>;

/** The sizes of a rendering at its autoscalers' minimum and maximum; without autoscalers both are the same. */
export function sizes(values: Values, files: readonly string[] = []): { least: Size; most: Size } {
  const manifests = render(values, files);
  const bounds = new Map<string, Manifest>(
    manifests
      .filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
      .map(({ spec }) => [`${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`, spec]),
  );
  const size = (bound: 'minReplicas' | 'maxReplicas'): Size => {
    const sum = { pods: 0, cpu: 0, memoryGiB: 0 };
    for (const { kind, metadata, spec } of manifests) {
      if (kind !== 'Deployment' && kind !== 'StatefulSet') continue;
      const pods: number = bounds.get(`${kind}/${metadata.name}`)?.[bound] ?? spec.replicas;
      sum.pods += pods;
      for (const { resources } of spec.template.spec.containers) {
        sum.cpu += pods * cores(resources.requests.cpu);
        sum.memoryGiB += pods * gibibytes(resources.requests.memory);
      }
    }
    return sum;
  };
  return { least: size('minReplicas'), most: size('maxReplicas') };
}

/** The most connections that all pods may open to the primary, surges of a rollout included, as the chart computes them. */
export function connections(values: Values, files: readonly string[] = []): number {
  // the chart prints the sum only when it exceeds the limit and each service alone does not
  for (const maxConnections of [60, 300]) {
    const sentence = refusal({ ...values, 'global.postgres.maxConnections': maxConnections }, files);
    const sum = /= (\d+) connections to Postgres/.exec(sentence)?.[1];
    if (sum !== undefined) return Number(sum);
  }
  throw new Error('the chart has room for every connection and prints no sum');
}

/** Of a quantity like `50m` or `2`. @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export function cores(quantity: string | number): number {
  const text = String(quantity);
  return text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);
}

/** Of a quantity like `256Mi` or `1Gi`. @throws {Error} for other units. */
export function gibibytes(quantity: string): number {
  const [, count, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  if (count === undefined) throw new Error(`${quantity} is neither in Mi nor in Gi`);
  return unit === 'Gi' ? Number(count) : Number(count) / 1024;
}
