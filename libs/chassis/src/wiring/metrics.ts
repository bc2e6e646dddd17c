import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds; the edges follow the latency objectives (100 ms, 500 ms) rather than prom-client's defaults. */
const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The process's metrics, in a registry of its own so that two apps in one process never mix. */
export class Metrics {
  readonly registry = new Registry();

  constructor({ service, role, defaults = true }: { service: string; role?: string; defaults?: boolean }) {
    this.registry.setDefaultLabels(role === undefined ? { service } : { service, role });
    if (defaults) collectDefaultMetrics({ register: this.registry });
  }

  /** A counter; asking twice for a name gives the same one. Names end in `_total`. */
  counter<const L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    const known = this.registry.getSingleMetric(name);
    return known instanceof Counter ? known : new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  /** A gauge; `collect` runs at every scrape. */
  gauge<const L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    collect?: (gauge: Gauge<L>) => void | Promise<void>,
  ): Gauge<L> {
    const known = this.registry.getSingleMetric(name);
    if (known instanceof Gauge) return known;
    const options = { name, help, labelNames, registers: [this.registry] };
    if (collect === undefined) return new Gauge(options);
    return new Gauge({
      ...options,
      collect(): void | Promise<void> {
        return collect(this);
      },
    });
  }

  /** A histogram of seconds unless other buckets are given. Names end in `_seconds` or in their unit. */
  histogram<const L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    buckets: readonly number[] = latencyBuckets,
  ): Histogram<L> {
    const known = this.registry.getSingleMetric(name);
    if (known instanceof Histogram) return known;
    return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] });
  }
}
