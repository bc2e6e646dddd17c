import { table } from '@homeroom/terminal';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from './harness/measure.ts';
import { measureEnroll } from './suites/enroll.ts';
import { measureHttp } from './suites/http.ts';
import { measureImports } from './suites/imports.ts';
import { measureRelay } from './suites/relay.ts';

const help = `Measures Homeroom against node:http and against a textbook service, and writes bench/results/<date>-<suite>.json.

  npm run bench                          every suite
  npm run bench -- --suite http          one of http, enroll, relay, imports
  npm run bench -- --rounds 7 --seconds 6

Servers run on core 0, the load on core 1. Nothing else should run on the machine.`;

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function engine(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: start the bench with \`npm run bench\`.`);
  return value;
}

const rounds = Number(values.rounds);
const suites: Record<string, () => Promise<readonly object[]>> = {
  http: () =>
    measureHttp(
      { sessionsUrl: engine('TEST_REDIS_SESSIONS_URL'), cacheUrl: engine('TEST_REDIS_CACHE_URL') },
      { rounds, seconds: Number(values.seconds), say },
    ),
  enroll: () => measureEnroll(rounds, say),
  imports: () => measureImports(rounds, say),
  relay: () => measureRelay(engine('TEST_KAFKA_BROKERS').split(','), rounds, say),
};

if (values.help) {
  say(help);
} else {
  const wanted = values.suite === undefined ? Object.keys(suites) : [values.suite];
  for (const name of wanted) {
    const suite = suites[name];
    if (suite === undefined) throw new Error(`unknown suite ${name}; choose from ${Object.keys(suites).join(', ')}`);
    say(`\n${name}`);
    const loadBefore = loadavg()[0];
    const samples = await suite();
    const date = new Date().toISOString().slice(0, 10);
    const file = new URL(`results/${date}-${name}.json`, import.meta.url);
    mkdirSync(new URL('results/', import.meta.url), { recursive: true });
    const machine = {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      loadBefore,
    };
    writeFileSync(
      file,
      `${JSON.stringify({ date, suite: name, command: `npm run bench -- --suite ${name}`, machine, samples }, null, 1)}\n`,
    );
    say(`\n${medians(samples)}\n\nraw samples: bench/results/${date}-${name}.json`);
  }
}

/** The median of every figure, a line per variant, with its ratio to the first line. */
function medians(samples: readonly object[]): string {
  const rows = samples as readonly Record<string, number | string>[];
  const nameKey = rows[0] !== undefined && 'variant' in rows[0] ? 'variant' : 'what';
  const names = [...new Set(rows.map((row) => String(row[nameKey])))].sort((a, b) => rank(a) - rank(b));
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
    (key) => ![nameKey, 'round', 'requests'].includes(key),
  );
  const of = (name: string, figure: string): number =>
    median(rows.filter((row) => row[nameKey] === name).map((row) => Number(row[figure])));
  const cell = (name: string, figure: string): string => {
    const value = of(name, figure);
    if (Number.isNaN(value)) return '';
    const ratio = value / of(names[0] ?? '', figure);
    const text = value.toFixed(/perSecond/i.test(figure) ? 0 : 1);
    return Number.isFinite(ratio) ? `${text} (${ratio.toFixed(2)}×)` : text;
  };
  const lines = names.map((name) => [name, ...figures.map((figure) => cell(name, figure))]);
  return table([['', ...figures], ...lines], { numbers: true });
}

/** The yardstick first. */
function rank(name: string): number {
  return name.startsWith('node:http') ||
    name === 'bare insert' ||
    name === 'bare COPY of the roster' ||
    name === 'bare client to Kafka'
    ? 0
    : 1;
}
