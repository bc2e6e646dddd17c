import type { Logger, Metrics } from './observers.ts';

/** What a process gives to the libs that it opens; each takes a part. The chassis's `Shell` fits, and no lib depends on it. */
export interface Shell<Config = unknown> {
  readonly service: string;
  /** `<service>-<role>`: the name of its connections at the engines. */
  readonly name: string;
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: {
    check(
      name: string,
      probe: (signal: AbortSignal) => Promise<unknown>,
      options?: { readonly critical: boolean },
    ): void;
    alive(name: string, isAlive: () => boolean): void;
  };
  /** Aborted when shutdown begins: loops and streams stop on it. */
  readonly signal: AbortSignal;
  /** Registers what must be closed after the drain; the last registered is closed first. */
  readonly onClose: (name: string, close: () => Promise<unknown>) => void;
  /** Starts a loop that works until the signal aborts. Shutdown waits for it; an error before that ends the process. */
  readonly run: (name: string, loop: (signal: AbortSignal) => Promise<unknown>) => void;
}
