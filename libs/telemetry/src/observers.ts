// What a lib's observer writes to. The chassis's logger (pino) and metrics (prom-client) fit, and no lib depends on either.

export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

type Labels<L extends string> = Partial<Record<L, string | number>>;

interface Counter<L extends string = string> {
  inc(labels: Labels<L>, by?: number): void;
  inc(by?: number): void;
}

interface Gauge<L extends string = string> {
  set(labels: Labels<L>, value: number): void;
  set(value: number): void;
}

interface Histogram<L extends string = string> {
  observe(labels: Labels<L>, value: number): void;
}

/** Asking twice for a name gives the same metric. */
export interface Metrics {
  counter<const L extends string = never>(name: string, help: string, labelNames?: readonly L[]): Counter<L>;
  gauge<const L extends string = never>(
    name: string,
    help: string,
    labelNames?: readonly L[],
    /** Sets the gauge's values at every scrape. */
    collect?: (gauge: Gauge<L>) => void,
  ): Gauge<L>;
  /** Of seconds. */
  histogram<const L extends string = never>(name: string, help: string, labelNames?: readonly L[]): Histogram<L>;
}
