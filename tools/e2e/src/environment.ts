import { find, type Manifest, type Pod } from './render.ts';

/**
 * What a container's process finds in its environment. A Secret's key stands as `<secret/key>`; a reference to a variable that
 * comes later stays as it is written, as Kubernetes leaves it.
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
