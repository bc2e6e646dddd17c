import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

  async secret(name: string, key: string): Promise<string> {
    const text = await this.kubectl('get', 'secret', name, '--output', `jsonpath={.data.${key}}`);
    return Buffer.from(text, 'base64').toString();
  }

  sql(database: string, query: string): Promise<string> {
    const psql = ['psql', '--username', 'postgres', '--tuples-only', '--no-align', database, '--command', query];
    return this.kubectl('exec', 'homeroom-data-postgres-0', '--', ...psql);
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
    await show('pods', 'get', 'pods,jobs,pvc', '--output', 'wide');
    await show('events', 'get', 'events', '--sort-by=.lastTimestamp');
    await show('last logs', 'logs', '--selector', 'app.kubernetes.io/part-of=homeroom', '--tail=15', '--prefix');
  }
}
