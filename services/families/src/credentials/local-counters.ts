const maxCounters = 20_000;

interface Counter {
  count: number;
  readonly endsAt: number;
}

/** Counters of this process, for while Redis is down. The oldest are dropped beyond 20,000. */
export class LocalCounters {
  private readonly windowMs: number;
  private readonly counters = new Map<string, Counter>();

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** Counts for all keys, or for none when one is full. @returns 0, or the milliseconds until the full counter ends. */
  take(limits: readonly (readonly [key: string, limit: number])[]): number {
    const now = Date.now();
    const counters = limits.map(([key, limit]) => ({ counter: this.current(key, now), limit }));
    const full = counters.find(({ counter, limit }) => limit > 0 && counter.count >= limit);
    if (full !== undefined) return Math.max(1, full.counter.endsAt - now);
    for (const { counter } of counters) counter.count += 1;
    return 0;
  }

  refund(keys: readonly string[]): void {
    for (const counter of keys.flatMap((key) => this.counters.get(key) ?? [])) {
      counter.count = Math.max(0, counter.count - 1);
    }
  }

  private current(key: string, now: number): Counter {
    const known = this.counters.get(key);
    if (known !== undefined && known.endsAt > now) return known;
    const counter = { count: 0, endsAt: now + this.windowMs };
    this.counters.delete(key);
    this.counters.set(key, counter);
    const [oldest] = this.counters.keys();
    if (this.counters.size > maxCounters && oldest !== undefined) this.counters.delete(oldest);
    return counter;
  }
}
