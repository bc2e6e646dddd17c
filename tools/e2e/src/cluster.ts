import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './parts.ts';

/** One release in one namespace. */
export class House {
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

  /** The cluster refuses every pod here that does not meet the restricted standard. */
  async create(): Promise<void> {
    await run('kubectl', ['create', 'namespace', this.namespace]);
    await run('kubectl', ['label', 'namespace', this.namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  }

  async remove(): Promise<void> {
    await run('kubectl', ['delete', 'namespace', this.namespace, '--ignore-not-found', '--timeout=180s']);
  }

  /** Names of the nodes that take pods, the one with the most memory first. */
  async nodes(): Promise<string[]> {
    const text = await run('kubectl', ['get', 'nodes', '--output', 'json']);
    const { items } = JSON.parse(text) as { items: Node[] };
    return items
      .filter(({ spec, status }) => {
        const ready = status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
        const closed = spec.taints?.some(({ effect }) => effect !== 'PreferNoSchedule') ?? false;
        return ready && !closed && spec.unschedulable !== true;
      })
      .sort((a, b) => kibibytes(b) - kibibytes(a))
      .map(({ metadata }) => metadata.name);
  }

  /** Flags that keep the data tier on one node, so that the others can be emptied without it. */
  dataOn([first, ...others]: readonly string[]): string[] {
    if (first === undefined || others.length === 0) return [];
    return ['--set-json', `data.nodeSelector=${JSON.stringify({ 'kubernetes.io/hostname': first })}`];
  }

  /** Whether the cluster serves an API group. */
  async serves(group: string): Promise<boolean> {
    return (await run('kubectl', ['api-versions'])).split('\n').some((version) => version.startsWith(`${group}/`));
  }

  /** The pods whose containers were started more than once, with how often. */
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

  /** @throws when it has not become true after a minute. */
  async until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 60_000;
    while (!(await isTrue())) {
      if (performance.now() > end) throw new Error(`${what}: did not happen within a minute`);
      await delay(500);
    }
  }

  /** Leads a port of this machine to a Service; `close` ends it. */
  async forward(service: string, port: number): Promise<{ url: string; close(): void }> {
    const child = spawn('kubectl', ['--namespace', this.namespace, 'port-forward', `service/${service}`, `:${port}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => {
        throw new Error(`no port of ${service} can be reached`);
      }),
    ])) as [Buffer];
    const local = /127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1];
    // it says every connection it handles; nobody reads that, and a full pipe would stop it
    child.stdout.resume();
    return { url: `http://127.0.0.1:${local}`, close: () => void child.kill() };
  }

  /** What one wants to know when something went wrong. */
  async describe(): Promise<void> {
    const show = async (title: string, ...args: string[]): Promise<void> => {
      const text = await this.kubectl(...args).catch((error: unknown) => String(error));
      console.error(`\n--- ${title}\n${text}`);
    };
    await show('pods', 'get', 'pods,jobs,pvc,hpa', '--output', 'wide');
    await show('events', 'get', 'events', '--sort-by=.lastTimestamp');
    await show(
      'last logs',
      'logs',
      '--selector',
      'app.kubernetes.io/part-of=homeroom',
      '--tail=15',
      '--prefix',
      '--max-log-requests=50',
    );
  }
}

interface Node {
  metadata: { name: string };
  spec: { unschedulable?: boolean; taints?: { effect: string }[] };
  status: { allocatable: { memory: string }; conditions: { type: string; status: string }[] };
}

/** Kubelets say memory in Ki. */
const kibibytes = ({ status }: Node): number => Number.parseInt(status.allocatable.memory, 10);
