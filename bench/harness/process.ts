import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadPlan, LoadResult } from './load.ts';

const root = new URL('../..', import.meta.url).pathname;
const ticksPerSecond = 100; // USER_HZ is 100 on every Linux that Node runs on

/** CPU-µs that a process has used so far, including its ended children. */
export function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
  return ((user + system + childUser + childSystem) * 1e6) / ticksPerSecond;
}

/** CPU-µs of a process and its descendants: for Postgres, whose backends do the work. */
export function cpuMicrosOfTree(pid: number): number {
  let total = 0;
  try {
    for (const task of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)) {
      total += cpuMicrosOfTree(Number(task));
    }
    total += cpuMicros(pid);
  } catch (error) {
    // it has just ended: its parent, which is read after it, has its time
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')))
      throw error;
  }
  return total;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export type Server = Awaited<ReturnType<typeof startServer>>;

/** Starts a server on a free port, pinned to the first core, and waits until it accepts connections. */
export async function startServer(file: string, env: Record<string, string>) {
  const port = await freePort();
  const child = spawn('taskset', ['-c', '0', process.execPath, '--conditions=@homeroom/source', file], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-4000)));
  const pid = child.pid;
  if (pid === undefined) throw new Error(`could not start ${file}: is taskset (util-linux) installed?`);
  const deadline = Date.now() + 20_000;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${file} did not start\n${complaints}`);
    await sleep(25);
  }
  return { pid, port, stop: () => stop(child) };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), 5000).unref();
  await exited;
}

/** Runs a load plan in a process of its own, pinned to the second core. */
export function load(plan: LoadPlan): Promise<LoadResult> {
  const child = fork(new URL('load.ts', import.meta.url), {
    execPath: 'taskset',
    execArgv: ['-c', '1', process.execPath],
  });
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as LoadResult));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
    child.send(plan);
  });
}
