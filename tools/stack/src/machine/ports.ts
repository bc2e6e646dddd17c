import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { portVariable, type PortName, type Ports } from '../options/port-table.ts';

export interface PortOwner {
  pid: number;
  command: string;
}

export interface TakenPort {
  name: PortName;
  port: number;
  /** Undefined when the owner belongs to another user. */
  owner: PortOwner | undefined;
}

/** The wanted ports that are in use, with their owners. */
export async function findTaken(ports: Ports, wanted: PortName[], host: string): Promise<TakenPort[]> {
  const taken = await Promise.all(
    wanted.map(async (name) =>
      (await isFree(ports[name], host)) ? [] : [{ name, port: ports[name], owner: ownerOf(ports[name]) }],
    ),
  );
  return taken.flat();
}

/** A line per taken port, and how to proceed. */
export function describeTaken(taken: TakenPort[]): string {
  const lines = taken.map(({ name, port, owner }) => {
    const who = owner === undefined ? 'a process of another user' : `pid ${owner.pid}: ${owner.command.slice(0, 120)}`;
    return `  port ${port} (${name}) is taken by ${who}`;
  });
  const { name } = taken[0]!;
  return [
    ...lines,
    `End it, or move: --port-base 18000 for all ports, or ${portVariable(name)}=<port> for this one.`,
  ].join('\n');
}

export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new Error(`port ${port} on ${host} cannot be used: ${error.message}`, { cause: error }));
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Ports that were free a moment ago, all different. None of them is in a range that systems take the ports of connections
 * from (Linux from 32768), nor Kubernetes those of nodes (30000 to 32767): a connection that is opened before the port is used
 * would hold it.
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(12_000, 30_000);
    if (await isFree(port, host)) ports.add(port);
  }
  return [...ports];
}

/** The process that listens on a TCP port of this machine. */
export function ownerOf(port: number): PortOwner | undefined {
  return process.platform === 'linux' ? ownerByProc(port) : ownerByLsof(port);
}

const LISTEN = '0A';

function ownerByProc(port: number): PortOwner | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
      readFileSync(table, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) === true && fields[3] === LISTEN)
        .map((fields) => `socket:[${fields[9]}]`),
    ),
  );
  if (inodes.size === 0) return undefined;
  const pid = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .find((entry) => openFiles(entry).some((file) => inodes.has(file)));
  return pid === undefined ? undefined : { pid: Number(pid), command: commandOf(pid) };
}

function openFiles(pid: string): string[] {
  return ifReadable(() => readdirSync(`/proc/${pid}/fd`), []).map((fd) =>
    ifReadable(() => readlinkSync(`/proc/${pid}/fd/${fd}`), ''),
  );
}

function commandOf(pid: string): string {
  return ifReadable(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '')
    .replaceAll('\0', ' ')
    .trim();
}

/** Processes can end while /proc is read, and those of other users are unreadable. */
function ifReadable<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code)) return otherwise;
    throw error;
  }
}

function ownerByLsof(port: number): PortOwner | undefined {
  try {
    const lines = execFileSync('lsof', ['-nP', '-Fpc', `-iTCP:${port}`, '-sTCP:LISTEN'], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).split('\n');
    const field = (letter: string): string | undefined => lines.find((line) => line.startsWith(letter))?.slice(1);
    const pid = field('p');
    return pid === undefined ? undefined : { pid: Number(pid), command: field('c') ?? '' };
  } catch {
    // lsof exits 1 without a match, and is not on every machine
    return undefined;
  }
}
