import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface User {
  uid: number;
  gid: number;
}

/**
 * Postgres refuses to run as root. As root, the owner of the checkout runs it, or the system's `postgres`, or `nobody`.
 * Undefined: not root, nothing to change.
 */
export function postgresUser(checkout: string): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(checkout);
  if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return lookUp('postgres') ?? lookUp('nobody') ?? { uid: 65534, gid: 65534 };
}

function lookUp(name: string): User | undefined {
  try {
    const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    // no such user: the caller tries the next candidate
    return undefined;
  }
}

/** Whether every user can reach `path`. A checkout below /root or a `mktemp -d` is closed to the Postgres user. */
export function isReachable(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (dirname(folder) === folder) return true;
  }
}

/**
 * The command line that runs `command` as `user`. In a folder that is closed to that user it keeps one capability, to search
 * and read folders.
 */
export function asUser(
  user: User | undefined,
  reachable: boolean,
  command: string,
  args: string[],
): { command: string; args: string[]; user?: User | undefined } {
  if (user === undefined || reachable) return { command, args, user };
  const capability = '+dac_read_search';
  const flags = [
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
  ];
  return { command: 'setpriv', args: [...flags, '--', command, ...args] };
}
