import { checks, journey, runCheck, summary, type CheckStep, type StepResult } from '../check-steps.ts';
import { jestArguments, runJest } from '../jest-run.ts';
import { ensureBinaries } from '../machine/packages.ts';
import { checkout, readStackOptions, type StackOptions } from '../options/options.ts';
import { removeAbandoned, withPrivateEngines } from '../stack/private-stacks.ts';
import { openProgress, type Progress } from '@homeroom/terminal';
import { runCommand } from '../terminal/run-command.ts';
import { readRunningStack, testEnvironment } from '../stack/stack-file.ts';

const help = `Proves the project.

  npm test                       format, lint, types, dead code, build, every test, and the journey of a whole co-op
  npm test -- <path…> [flags]    only the tests below these paths; flags are Jest's, as in -t 'never oversells'

Everything runs beside a running \`npm start\`, on free ports and engines of its own. With a path the engines of a running
stack are used, which saves their start; every test file has its own database and topics there.`;

await runCommand(async ({ signal }) => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help);
    return 0;
  }
  const { options } = readStackOptions([], process.env);
  await removeAbandoned(checkout);
  const progress = openProgress();
  // tests start gateways and engines of their own
  await ensureBinaries(['redis', 'haproxy', 'java', 'maven'], (labels) =>
    progress.say(`  Installing ${labels.join(', ')} (apt) …`),
  );
  const results =
    args.length > 0
      ? [await testPaths(args, options, progress, signal)]
      : await testEverything(options, progress, signal);
  console.log(`\n${summary(results)}`);
  return results.some(({ failed }) => failed > 0) ? 1 : 0;
});

async function testPaths(
  args: string[],
  options: StackOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<StepResult> {
  const jestArgs = jestArguments(args, checkout, process.env['HOMEROOM_CALLED_FROM'] ?? checkout);
  const given = givenEngines() ?? runningEngines(options);
  if (given !== undefined) return runJest({ checkout, env: given, args: jestArgs, signal });
  return withPrivateEngines(options, 'test', progress, signal, (env) =>
    runJest({ checkout, env, args: jestArgs, signal }),
  );
}

async function testEverything(options: StackOptions, progress: Progress, signal: AbortSignal): Promise<StepResult[]> {
  const lane = (steps: CheckStep[]): Promise<StepResult[]> => checkLane(steps, progress, signal);
  const checked = Promise.all(checks.map(lane));
  const [tests, others] = await withPrivateEngines(options, 'test', progress, signal, (env) =>
    Promise.all([runJest({ checkout, env, args: [], signal }), checked]),
  );
  return [...others.flat(), tests, ...(await lane([journey]))];
}

async function checkLane(lane: CheckStep[], progress: Progress, signal: AbortSignal): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of lane) {
    const { output, ...result } = await progress.step(
      step.name,
      () => runCheck(step, checkout, signal),
      (check) => check.failed === 0,
    );
    if (result.failed > 0) progress.say(`\n✗ ${step.name}: ${step.command} ${step.args.join(' ')}\n${output}`);
    results.push(result);
  }
  return results;
}

/** Engines named in the environment, if all of them are. */
function givenEngines(): Record<string, string> | undefined {
  const names = [
    'TEST_POSTGRES_URL',
    'TEST_POSTGRES_REPLICA_URL',
    'TEST_REDIS_SESSIONS_URL',
    'TEST_REDIS_CACHE_URL',
    'TEST_KAFKA_BROKERS',
  ];
  return names.every((name) => (process.env[name] ?? '') !== '') ? {} : undefined;
}

function runningEngines({ stateDir }: StackOptions): Record<string, string> | undefined {
  const running = readRunningStack(stateDir);
  return running === undefined ? undefined : testEnvironment(running);
}
