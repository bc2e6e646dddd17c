import { parseArgs } from 'node:util';
import { scenarioNames } from './scenarios.ts';

export const usage = `Sends requests at a fixed arrival rate and reports the outcomes.

  node tools/load/src/main.ts --target http://127.0.0.1:8080 --rate 50 --seconds 30

  --target URL        only this machine or, from a pod, this cluster, unless --any-host is given
  --rate N            arrivals per second (20), at most 5000
  --seconds N         duration (30), at most 3600
  --count N           maximum number of arrivals
  --arrival KIND      poisson (default) or constant
  --scenario NAME     browse (default)
                      sessions: clients sign in and must stay signed in
                      change: signed-in clients change their names
                      register: families, each checked at the end
                      enroll: children take seats, each checked at the end; LOAD_COORDINATOR_EMAIL with
                      LOAD_COORDINATOR_PASSWORD creates the classes
                      paths: --path as given
  --path PATH         what to GET; repeatable; implies --scenario paths
  --clients N         clients with their own cookies and connections (20); for more than 512 connections at once, start the
                      gateway with --connections-per-address 0, or install with gateway.connectionsPerAddress=0
  --timeout MS        a response that takes longer is a failure (10000)
  --max-in-flight N   further arrivals are counted as failures and not sent (2000)
  --pod-header NAME   the response header that names the pod (x-served-by)
  --max-failed N      exit 1 when more requests fail (0), or any
  --json              the report as one line of JSON on standard output
  --quiet             no line per second
  --any-host          send to any host

Latency is measured from the scheduled arrival to the end of the response, so every request that arrives during a stall
counts it. Time-outs and broken connections count with the time waited, arrivals that were not sent with --timeout. A GET is
sent again only when a kept connection breaks within 250 ms, as idle connections do. Something confirmed is lost when the
response shows it (sign-in: 401; enrollments: not in the list). Without such a response the check is repeated, with growing
pauses of 10 s in total, and then counted as unknown; after a minute without an answer the checks end. Ctrl-C ends the run
early, with its report.
Exit status: 0; 1 more failed than allowed, or any lost or unknown; 2 wrong options, or the run ended before its first
request.`;

/** @throws {Error} naming the wrong option. */
export function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: 'string', default: 'http://127.0.0.1:8080' },
      rate: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '30' },
      count: { type: 'string' },
      arrival: { type: 'string', default: 'poisson' },
      scenario: { type: 'string', default: 'browse' },
      path: { type: 'string', multiple: true, default: [] },
      clients: { type: 'string', default: '20' },
      timeout: { type: 'string', default: '10000' },
      'max-in-flight': { type: 'string', default: '2000' },
      'pod-header': { type: 'string', default: 'x-served-by' },
      'max-failed': { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      'any-host': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const paths = values.path;
  return {
    ...values,
    rate: within('rate', values.rate, 0.1, 5_000),
    seconds: within('seconds', values.seconds, 0.1, 3_600),
    count: values.count === undefined ? undefined : within('count', values.count, 1, 10_000_000),
    arrival: oneOf('arrival', values.arrival, ['poisson', 'constant'] as const),
    scenario: paths.length > 0 ? 'paths' : oneOf('scenario', values.scenario, scenarioNames.slice(1)),
    paths,
    clients: Math.round(within('clients', values.clients, 1, 10_000)),
    timeoutMs: within('timeout', values.timeout, 1, 120_000),
    maxInFlight: within('max-in-flight', values['max-in-flight'], 1, 20_000),
    podHeader: values['pod-header'].toLowerCase(),
    maxFailed: values['max-failed'] === 'any' ? Infinity : within('max-failed', values['max-failed'], 0, 1e9),
    anyHost: values['any-host'],
  };
}

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new Error(`--${name} ${text}: must be a number from ${least} to ${most}`);
}

function oneOf<const T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === text);
  if (found === undefined) throw new Error(`--${name} ${text}: must be ${allowed.join(' or ')}`);
  return found;
}
