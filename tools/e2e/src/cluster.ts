import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './parts.ts';

interface Node {
  metadata: { name: string };
  spec: { unschedulable?: boolean; taints?: { effect: string }[] };
  status: { allocatable: { memory: string }; conditions: { type: string; status: string }[] };
}

/** Names of the nodes that accept pods, the one with the most memory first. */
export async function nodes(): Promise<string[]> {
  // kubelets report memory in Ki
  const kibibytes = ({ status }: Node): number => Number.parseInt(status.allocatable.memory, 10);
  const { items } = JSON.parse(await run('kubectl', ['get', 'nodes', '--output', 'json'])) as { items: Node[] };
  return items
    .filter(({ spec, status }) => {
      const ready = status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
      const closed = spec.taints?.some(({ effect }) => effect !== 'PreferNoSchedule') ?? false;
      return ready && !closed && spec.unschedulable !== true;
    })
    .sort((a, b) => kibibytes(b) - kibibytes(a))
    .map(({ metadata }) => metadata.name);
}

/** Flags that keep the data tier on one node, so that the others can be drained without it. */
export function dataOn([first, ...others]: readonly string[]): string[] {
  if (first === undefined || others.length === 0) return [];
  return ['--set-json', `data.nodeSelector=${JSON.stringify({ 'kubernetes.io/hostname': first })}`];
}

/** Whether the cluster serves an API group. */
export async function serves(group: string): Promise<boolean> {
  return (await run('kubectl', ['api-versions'])).split('\n').some((version) => version.startsWith(`${group}/`));
}

/** @throws {Error} when it has not become true after a minute. */
export async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`${what}: did not happen within a minute`);
    await delay(500);
  }
}

/** One release in one namespace. */
export class Release {
  readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  kubectl(...args: string[]): Promise<string> {
    return run('kubectl', ['--namespace', this.namespace, ...args]);
  }

  helm(...args: string[]): Promise<string> {
    return run(process.env['HELM'] ?? 'helm', ['--namespace', this.namespace, ...args]);
  }

  /** Creates the namespace, which rejects every pod that does not meet the restricted standard. */
  async create(): Promise<void> {
    await run('kubectl', ['create', 'namespace', this.namespace]);
    await run('kubectl', ['label', 'namespace', this.namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  }

  async remove(): Promise<void> {
    await run('kubectl', ['delete', 'namespace', this.namespace, '--ignore-not-found', '--timeout=180s']);
  }

  /** The pods whose containers started more than once, with how often. */
  async restarts(): Promise<string> {
    const path = '{range .items[*]}{.metadata.name} {.status.containerStatuses[*].restartCount}{"\\n"}{end}';
    const lines = (await this.kubectl('get', 'pods', '--output', `jsonpath=${path}`)).split('\n');
    return lines.filter((line) => / .*[1-9]/.test(line)).join(', ');
  }

  async secret(name: string, key: string): Promise<string> {
    const text = await this.kubectl('get', 'secret', name, '--output', `jsonpath={.data.${key}}`);
    return Buffer.from(text, 'base64').toString();
  }

  sql(database: string, query: string): Promise<string> {
    const psql = ['psql', '--username', 'postgres', '--tuples-only', '--no-align', database, '--command', query];
    return this.kubectl('exec', 'homeroom-data-postgres-0', '--', ...psql);
  }
}

/** Forwards a port of this machine to a Service until `close`. */
export async function forward(
  { namespace }: Release,
  service: string,
  port: number,
): Promise<{ url: string; close(): void }> {
  const child = spawn('kubectl', ['--namespace', namespace, 'port-forward', `service/${service}`, `:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error(`cannot forward a port to ${service}`);
    }),
  ])) as [Buffer];
  const local = /127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1];
  // it prints a line for every connection: a full pipe would stop it
  child.stdout.resume();
  return { url: `http://127.0.0.1:${local}`, close: () => void child.kill() };
}

/** Prints what helps to understand a failure. */
export async function describe(release: Release): Promise<void> {
  const parts = {
    pods: ['get', 'pods,jobs,pvc,hpa', '--output', 'wide'],
    events: ['get', 'events', '--sort-by=.lastTimestamp'],
    'last logs': 'logs --selector app.kubernetes.io/part-of=homeroom --tail=15 --prefix --max-log-requests=50'.split(
      ' ',
    ),
  };
  for (const [title, args] of Object.entries(parts)) {
    const text = await release.kubectl(...args).catch((error: unknown) => String(error));
    console.error(`\n--- ${title}\n${text}`);
  }
}
