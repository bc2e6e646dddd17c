import type { Manifest, Pod } from './render.ts';

/** Every rule of every policy that selects a pod: `in from gateway :3000`. No peers, or an empty list, means all. */
export function openings(manifests: readonly Manifest[], pod: Pod, everyone: readonly Pod[]): string[] {
  return policiesOf(manifests, pod).flatMap(({ spec }) => [
    ...(spec.ingress ?? []).map((rule: Manifest) => `in from ${peers(rule.from, everyone)} ${ports(rule)}`),
    ...(spec.egress ?? []).map((rule: Manifest) => `out to ${peers(rule.to, everyone)} ${ports(rule)}`),
  ]);
}

export function policiesOf(manifests: readonly Manifest[], { labels }: Pod): Manifest[] {
  return manifests.filter(({ kind, spec }) => kind === 'NetworkPolicy' && selects(spec.podSelector, labels));
}

/** Whether a selector matches these labels. @throws {Error} for an operator other than `In`. */
export function selects(
  { matchLabels = {}, matchExpressions = [] }: Manifest,
  labels: Record<string, string>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }: Manifest) => {
      if (operator !== 'In') throw new Error(`unsupported operator ${operator}`);
      return values.includes(labels[key]);
    })
  );
}

function peers(list: Manifest[] | undefined, everyone: readonly Pod[]): string {
  if (list === undefined || list.length === 0) return 'anywhere';
  return list
    .map((peer) => {
      if (peer.namespaceSelector !== undefined) return `namespaces ${JSON.stringify(peer.namespaceSelector)}`;
      const chosen = everyone.filter(({ labels }) => selects(peer.podSelector, labels));
      return chosen.map(({ owner }) => owner.replace(/^.*\/homeroom-/, '')).join(' ');
    })
    .join(' and ');
}

const ports = (rule: Manifest): string =>
  rule.ports?.map(({ port, protocol }: Manifest) => `:${port}${protocol === 'UDP' ? '/udp' : ''}`).join(' ') ?? ':any';
