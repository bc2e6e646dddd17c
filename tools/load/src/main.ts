import { exitStatus } from './exit-status.ts';
import { parseOptions, usage } from './options.ts';
import { run } from './run.ts';
import type { Coordinator } from './scenario.ts';
import { scenario } from './scenarios.ts';
import { progressLine, table } from './table.ts';
import { checkTarget } from './target.ts';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const { json, quiet, maxFailed, paths } = options;
  const origin = checkTarget(options.target, {
    anyHost: options.anyHost,
    inPod: process.env['KUBERNETES_SERVICE_HOST'] !== undefined,
  });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const report = await run({
    ...options,
    origin,
    scenario: scenario(options.scenario, paths, coordinatorOf(process.env)),
    signal: stop.signal,
    onSecond: quiet ? () => undefined : (soFar) => console.error(progressLine(soFar())),
  });
  console.log(json ? JSON.stringify(report) : table(report));
  return exitStatus(report, { maxFailed, stopped: stop.signal.aborted });
}

function coordinatorOf(env: NodeJS.ProcessEnv): Coordinator | undefined {
  const { LOAD_COORDINATOR_EMAIL: email, LOAD_COORDINATOR_PASSWORD: password } = env;
  return email === undefined || password === undefined ? undefined : { email, password };
}
