import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { StepResult } from './check-steps.ts';

/** A test file waits for engines more than half of its time. On a machine that is busy with other work, tests run into deadlines. */
const workersOn = (cores: number, [load = 0]: readonly number[]): number => cores + (load > cores ? 1 : 2);

export interface JestOptions {
  checkout: string;
  /** Where the engines are, as @homeroom/testing reads it. */
  env: Record<string, string>;
  args: string[];
  signal: AbortSignal;
}

interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: {
    /** The absolute path of the test file. */
    name: string;
    status: 'passed' | 'failed';
    assertionResults: { status: string; fullName: string }[];
  }[];
}

/** Runs Jest, showing what it says. A file that cannot even be loaded counts as one failure. */
export async function runJest({ checkout, env, args, signal }: JestOptions): Promise<StepResult> {
  const started = performance.now();
  const reportDir = join(checkout, '.homeroom', 'test');
  const reportFile = join(reportDir, `jest-${process.pid}.json`);
  mkdirSync(reportDir, { recursive: true });
  const jest = join(checkout, 'node_modules', 'jest', 'bin', 'jest.js');
  const flags = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=TimeoutNegativeWarning',
  ];
  const code = await new Promise<number>((settle, reject) => {
    const child = spawn(
      process.execPath,
      [
        jest,
        `--maxWorkers=${workersOn(availableParallelism(), loadavg())}`,
        '--json',
        `--outputFile=${reportFile}`,
        ...args,
      ],
      {
        cwd: checkout,
        // the report goes to its file, the story to standard error
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, ...env, NODE_OPTIONS: flags.join(' ') },
      },
    );
    const interrupt = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', interrupt, { once: true });
    child.once('error', reject);
    child.once('exit', (exitCode) => settle(exitCode ?? 1));
  });
  const seconds = (performance.now() - started) / 1000;
  if (!existsSync(reportFile)) return { name: 'jest', seconds, passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as JestReport;
  rmSync(reportFile);
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  // no test found, a threshold missed: Jest says no though no test failed
  return {
    name: 'jest',
    seconds,
    passed: report.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    failures: failuresOf(report, checkout),
  };
}

/** One line for each failed test, and one for each file that could not be loaded. */
function failuresOf(report: JestReport, checkout: string): string[] {
  return report.testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, assertionResults }) => {
      const file = relative(checkout, name);
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      return failed.length === 0 ? [file] : failed.map(({ fullName }) => `${file}: ${fullName}`);
    });
}

/** What was typed, as Jest understands it: paths from where it was typed or from the checkout's root, anything else as it is. */
export function jestArguments(args: string[], checkout: string, calledFrom: string): string[] {
  return args.map((arg) => {
    if (arg.startsWith('-')) return arg;
    const path = [resolve(calledFrom, arg), resolve(checkout, arg)].find((candidate) => existsSync(candidate));
    return path === undefined ? arg : path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
}
