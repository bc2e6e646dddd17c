import { join } from 'node:path';
import type { House } from './cluster.ts';
import { checkout, runShown } from './parts.ts';

const demos = join(checkout, 'k8s', 'demos');

export const demoValues = (file: string): string => join(demos, file);

/** Runs a script of k8s/demos, which checks itself. @throws when what it shows did not happen. */
export async function demo(house: House, name: string, env: Record<string, string> = {}): Promise<void> {
  await runShown(join(demos, name), [], { NAMESPACE: house.namespace, RELEASE: 'homeroom', ...env });
}

export async function loadAdapterRules({ namespace, name }: { namespace: string; name: string }): Promise<void> {
  await runShown(join(checkout, 'k8s', 'metrics', 'load-rules'), [namespace, name]);
}
