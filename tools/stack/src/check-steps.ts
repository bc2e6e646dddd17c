import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { performance } from 'node:perf_hooks';

/** What one step of `npm test` came to. */
export interface StepResult {
  name: string;
  seconds: number;
  passed: number;
  failed: number;
  /** The names of what failed, where the step has names for its parts. */
  failures?: string[];
}

export interface CheckStep {
  name: string;
  command: string;
  args: string[];
}

/** Everything that proves the project without running it; each is one line that a person can type too. */
export const checks: CheckStep[][] = [
  // two lanes, for two cores
  [
    { name: 'lint', command: 'oxlint', args: [] },
    { name: 'build', command: 'nx', args: ['run-many', '-t', 'build', '--output-style=static'] },
  ],
  [
    { name: 'format', command: 'prettier', args: ['--check', '--cache', '--log-level=warn', '.'] },
    { name: 'checks', command: 'node', args: ['--conditions=@homeroom/source', 'tools/checks/src/main.ts'] },
    { name: 'dead code', command: 'knip', args: ['--tsConfig', 'tsconfig.build.json'] },
    // one version of each package everywhere; the rest of its rules are taste
    {
      name: 'workspaces',
      command: 'sherif',
      args: ['root-package-manager-field', 'root-package-dependencies', 'unordered-dependencies'].flatMap((rule) => [
        '-r',
        rule,
      ]),
    },
  ],
];

/** What a whole co-op does, on a stack of its own. */
export const journey: CheckStep = {
  name: 'journey',
  command: 'node',
  args: ['--conditions=@homeroom/source', 'tools/stack/src/commands/journey.ts', '--private'],
};

// the tests have deadlines, the checks beside them have none
const NICENESS = 10;

/** Runs one check beside the tests, and shows what it says only when it fails. */
export async function runCheck(
  { name, command, args }: CheckStep,
  checkout: string,
  signal: AbortSignal,
): Promise<StepResult & { output: string }> {
  const started = performance.now();
  const { code, output } = await new Promise<{ code: number; output: string }>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const child = spawn(command, args, {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NX_DAEMON: 'false', FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
      signal,
    });
    if (child.pid !== undefined) setPriority(child.pid, NICENESS);
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ code: exitCode ?? 1, output: Buffer.concat(chunks).toString() }));
  });
  const passed = code === 0 ? 1 : 0;
  return { name, seconds: (performance.now() - started) / 1000, passed, failed: 1 - passed, output };
}

/** The table at the end, the names of what failed, and the plain closing line. */
export function summary(results: StepResult[]): string {
  const rows = results.map(({ name, seconds, passed, failed }) => [
    name,
    String(passed),
    String(failed),
    seconds.toFixed(1),
  ]);
  const table = [['step', 'passed', 'failed', 'seconds'], ...rows].map(
    ([name = '', ...numbers]) => `  ${name.padEnd(14)}${numbers.map((number) => number.padStart(9)).join('')}`,
  );
  const sum = (key: 'passed' | 'failed'): number => results.reduce((total, result) => total + result[key], 0);
  const failures = results.flatMap((result) => result.failures ?? []).map((failure) => `  ✗ ${failure}`);
  return `${[...table, ...failures].join('\n')}\n\n${sum('passed')} passed, ${sum('failed')} failed`;
}
