import type { LoadPlan } from './load.ts';
import { cpuMicros, load, type Server } from './process.ts';

export interface Variant {
  readonly name: string;
  readonly server: Server;
  /** What to send in a round; unique requests differ from round to round. */
  readonly plan: (round: number) => Omit<LoadPlan, 'port'>;
}

export type Sample = Awaited<ReturnType<typeof measureOnce>>;

/** Runs every variant once per round, in random order, so that a slow minute affects all of them. */
export async function measure(
  variants: readonly Variant[],
  rounds: number,
  say: (text: string) => void,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const variant of variants) await load({ ...variant.plan(0), port: variant.server.port, seconds: 2 });
  for (let round = 1; round <= rounds; round++) {
    for (const variant of shuffled(variants)) {
      const sample = await measureOnce(variant, round);
      samples.push(sample);
      say(roundLine(round, variant.name, [sample.cpuMicrosPerRequest, 'µs'], [sample.requestsPerSecond, 'req/s']));
    }
  }
  return samples;
}

/** One line while a suite runs. */
export function roundLine(round: number, name: string, ...figures: [value: number, unit: string][]): string {
  const texts = figures.map(([value, unit]) => `${value.toFixed(1).padStart(10)} ${unit}`);
  return `round ${round}  ${name.padEnd(28)} ${texts.join(' ')}`;
}

async function measureOnce({ name, server, plan }: Variant, round: number) {
  const before = cpuMicros(server.pid);
  const result = await load({ ...plan(round), port: server.port });
  const used = cpuMicros(server.pid) - before;
  if (Object.keys(result.unexpected).length > 0)
    throw new Error(`${name} answered unexpectedly: ${JSON.stringify(result.unexpected)}. The run is void.`);
  return {
    variant: name,
    round,
    requests: result.requests,
    requestsPerSecond: result.requests / result.seconds,
    cpuMicrosPerRequest: used / result.requests,
    bytesPerRequest: result.bytes / result.requests,
    p50Ms: result.latencyMs.p50,
    p99Ms: result.latencyMs.p99,
  };
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = [sorted[middle - (sorted.length % 2 === 0 ? 1 : 0)], sorted[middle]];
  return (low + high) / 2;
}
