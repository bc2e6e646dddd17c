import { join } from 'node:path';
import type { Release } from './cluster.ts';
import { checkout, runShown } from './parts.ts';

const demos = join(checkout, 'k8s', 'demos');

export const demoValues = (file: string): string => join(demos, file);

/** Runs a script of k8s/demos. @throws {Error} when what it demonstrates did not happen. */
export async function demo(release: Release, name: string, env: Record<string, string> = {}): Promise<void> {
  await runShown(join(demos, name), [], { NAMESPACE: release.namespace, RELEASE: 'homeroom', ...env });
}

export async function loadAdapterRules({ namespace, name }: { namespace: string; name: string }): Promise<void> {
  await runShown(join(checkout, 'k8s', 'metrics', 'load-rules'), [namespace, name]);
}
