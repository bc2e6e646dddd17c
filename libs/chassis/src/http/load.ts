import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;
const sampleEveryMs = 250;
/** One long pause, a garbage collection or the start of the process, is no overload; several samples in a row are. */
const samplesInARow = 3;

/** How busy the process is, cheap enough to be asked at every request. */
export class Load {
  /** Requests not answered yet, the one that asks included. */
  inFlight = 0;
  /** Mean delay of the event loop over the last quarter of a second, in milliseconds. */
  delayMs = 0;
  #late = 0;
  readonly #maxInFlight: number;
  readonly #maxDelayMs: number;
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout;

  /** Of either limit 0 means none. */
  constructor({ maxInFlight, maxDelayMs }: { maxInFlight: number; maxDelayMs: number }) {
    this.#maxInFlight = maxInFlight === 0 ? Infinity : maxInFlight;
    this.#maxDelayMs = maxDelayMs === 0 ? Infinity : maxDelayMs;
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs);
    this.#timer.unref();
  }

  overloaded(): boolean {
    return this.inFlight > this.#maxInFlight || this.#late >= samplesInARow;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #sample(): void {
    const mean = this.#histogram.mean / 1e6 - resolutionMs;
    this.delayMs = Number.isNaN(mean) ? 0 : Math.max(0, mean);
    this.#late = this.delayMs > this.#maxDelayMs ? this.#late + 1 : 0;
    this.#histogram.reset();
  }
}
