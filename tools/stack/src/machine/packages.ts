import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { PlainError } from '../terminal/errors.ts';

const run = promisify(execFile);

/** Programs that npm cannot install, with their paths. */
export interface Binaries {
  redis: string;
  haproxy: string;
  java: string;
  maven: string;
}

interface Package {
  program: keyof Binaries;
  /** Names of the executable; the first that exists is used. */
  executables: string[];
  label: string;
  apt: string[];
  dnf: string;
  brew: string;
}

const packages: Package[] = [
  {
    program: 'redis',
    executables: ['redis-server', 'valkey-server'],
    label: 'Redis',
    apt: ['redis-server', 'valkey-server'],
    dnf: 'valkey',
    brew: 'redis',
  },
  { program: 'haproxy', executables: ['haproxy'], label: 'HAProxy', apt: ['haproxy'], dnf: 'haproxy', brew: 'haproxy' },
  {
    program: 'java',
    executables: ['java'],
    label: 'Java 17 or later',
    // the newest that the distribution has; `default-jre-headless` is Java 11 on Ubuntu 22.04, too old for Kafka 4
    apt: ['openjdk-21-jre-headless', 'openjdk-17-jre-headless', 'default-jre-headless'],
    dnf: 'java-21-openjdk-headless',
    brew: 'openjdk@21',
  },
  { program: 'maven', executables: ['mvn'], label: 'Maven', apt: ['maven'], dnf: 'maven', brew: 'maven' },
];

export interface Machine {
  /** Where to look for programs, in this order. */
  folders: string[];
  /** Undefined: nothing can be installed unattended. */
  privilege: 'root' | 'sudo' | undefined;
  installer: 'apt' | 'dnf' | 'brew' | undefined;
}

/**
 * Finds the wanted programs, and installs the missing ones if it can do so unattended.
 * @throws {PlainError} with the command to run.
 */
export async function ensureBinaries(
  wanted: (keyof Binaries)[],
  onInstall: (labels: string[]) => void,
  machine: Machine = thisMachine(),
): Promise<Partial<Binaries>> {
  const missing = await findMissing(wanted, machine);
  if (missing.length > 0) {
    if (machine.installer !== 'apt' || machine.privilege === undefined)
      throw new PlainError(whatToType(missing, machine));
    onInstall(missing.map(({ label }) => label));
    await installByApt(missing, machine.privilege);
    const still = await findMissing(wanted, machine);
    if (still.length > 0) throw new PlainError(whatToType(still, machine));
  }
  return Object.fromEntries(wanted.map((program) => [program, locate(program, machine)]));
}

async function findMissing(wanted: (keyof Binaries)[], machine: Machine): Promise<Package[]> {
  const candidates = packages.filter(({ program }) => wanted.includes(program));
  const present = await Promise.all(
    candidates.map(async ({ program }) => {
      const binary = locate(program, machine);
      return binary !== undefined && (program !== 'java' || (await javaVersion(binary)) >= 17);
    }),
  );
  return candidates.filter((_, index) => !present[index]);
}

function locate(program: keyof Binaries, { folders }: Machine): string | undefined {
  const { executables } = packages.find((candidate) => candidate.program === program)!;
  return executables.flatMap((name) => folders.map((dir) => join(dir, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // missing or not executable: try the next folder
    return false;
  }
}

async function javaVersion(java: string): Promise<number> {
  const { stderr } = await run(java, ['-version']).catch(() => ({ stderr: '' }));
  return Number(/version "(?:1\.)?(\d+)/.exec(stderr)?.[1] ?? 0);
}

/** What is missing, and the command that installs it. */
export function whatToType(
  missing: Pick<Package, 'label' | 'apt' | 'dnf' | 'brew'>[],
  { installer }: Pick<Machine, 'installer'>,
): string {
  const labels = missing.map(({ label }) => label).join(', ');
  if (installer === undefined)
    return `Missing: ${labels}. Install them with this system's package manager, so that they are found in PATH.`;
  const command = {
    apt: 'sudo apt-get install -y --no-install-recommends',
    dnf: 'sudo dnf install -y',
    brew: 'brew install',
  }[installer];
  const names = missing.map((one) => (installer === 'apt' ? available(one.apt) : one[installer]));
  return `Missing: ${labels}. Type: ${command} ${names.join(' ')}`;
}

/** The first of the packages that this distribution has. */
function available(names: string[]): string {
  return names.find((name) => existsSync('/usr/bin/apt-cache') && hasCandidate(name)) ?? names[0]!;
}

function hasCandidate(name: string): boolean {
  const policy = execFileSync('apt-cache', ['policy', name], {
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return /Candidate: (?!\(none\))/.test(policy);
}

function thisMachine(): Machine {
  const path = (process.env['PATH'] ?? '').split(delimiter);
  const has = (name: string): boolean => path.some((dir) => isExecutable(join(dir, name)));
  const installer = has('apt-get') ? 'apt' : has('dnf') ? 'dnf' : has('brew') ? 'brew' : undefined;
  return {
    // a user's PATH often lacks the last three
    folders: [...path, '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/opt/openjdk@21/bin'],
    installer,
    privilege: process.getuid?.() === 0 ? 'root' : has('sudo') && sudoIsPasswordless() ? 'sudo' : undefined,
  };
}

function sudoIsPasswordless(): boolean {
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    // sudo needs a password
    return false;
  }
}

const POLICY = '/usr/sbin/policy-rc.d';

async function installByApt(missing: Package[], privilege: 'root' | 'sudo'): Promise<void> {
  const asRoot = async (...line: string[]): Promise<void> => {
    const [command, ...args] = privilege === 'sudo' ? ['sudo', '-n', ...line] : line;
    await run(command!, args, { maxBuffer: 64 * 1024 * 1024 });
  };
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-q'];
  await asRoot(...apt, 'update');
  // Debian starts installed services, and its Redis and HAProxy would take ports
  const forbid = !existsSync(POLICY);
  if (forbid) await asRoot('sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' > ${POLICY} && chmod 755 ${POLICY}`);
  try {
    await asRoot(...apt, 'install', '--no-install-recommends', ...missing.map(({ apt: names }) => available(names)));
  } finally {
    if (forbid) await asRoot('rm', '-f', POLICY);
  }
}
