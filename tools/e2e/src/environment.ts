import { find, type Manifest, type Pod } from './render.ts';

/**
 * The environment of a pod's first container. The value of a Secret's key is `<secret/key>`. As in Kubernetes, a reference to
 * a variable that is defined later is not expanded.
 */
export function environment(manifests: readonly Manifest[], pod: Pod): Record<string, string> {
  const [container] = pod.spec.containers;
  const found: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? [])
    Object.assign(found, find(manifests, 'ConfigMap', configMapRef.name).data);
  for (const { name, value, valueFrom } of container.env ?? []) {
    const secret = valueFrom?.secretKeyRef;
    found[name] =
      secret === undefined
        ? (value ?? '').replace(/\$\((\w+)\)/g, (written: string, other: string) => found[other] ?? written)
        : `<${secret.name}/${secret.key}>`;
  }
  return found;
}
