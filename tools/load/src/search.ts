import { setTimeout } from 'node:timers/promises';
import type { Answer, Client } from './client.ts';

/** Together less than ten seconds: what mends itself does so within them, and a report is waited for. */
const growingMs = [250, 500, 1_000, 2_000, 4_000];
const pausesAtMostMs = 10_000;

export interface SearchOptions {
  /** The pauses between tries; as many as there are, so often one is asked again. */
  readonly pausesMs?: readonly number[] | undefined;
  /** What all questions together may wait for answers that say nothing: a house that is down is not asked for hours. */
  readonly inVainMs?: number;
  /** Once aborted, nothing more is asked. */
  readonly signal?: AbortSignal | undefined;
}

/** Looks for what was confirmed. That the house cannot say right now does not mean that it lost anything. */
export class Search {
  readonly #pausesMs: readonly number[];
  readonly #signal: AbortSignal | undefined;
  #leftMs: number;

  constructor({ pausesMs = growingMs, inVainMs = 60_000, signal }: SearchOptions = {}) {
    this.#pausesMs = pausesMs;
    this.#leftMs = inVainMs;
    this.#signal = signal;
  }

  /** Asks until `read` makes something of an answer; undefined when it never did. */
  async ask<T>(
    client: Pick<Client, 'call'>,
    call: Parameters<Client['call']>[0],
    read: (answer: Answer) => T | undefined,
  ): Promise<T | undefined> {
    let pausedMs = 0;
    for (let tries = 0; this.#leftMs > 0 && this.#signal?.aborted !== true; tries += 1) {
      const began = performance.now();
      const { found, retryAfter } = await attempt(client, call, read);
      if (found !== undefined) return found;
      const pauseMs = pauseAfter(retryAfter, this.#pausesMs[tries], pausedMs);
      if (pauseMs !== undefined) await this.#pause(pauseMs);
      this.#leftMs -= performance.now() - began;
      if (pauseMs === undefined) break;
      pausedMs += pauseMs;
    }
    return undefined;
  }

  async #pause(ms: number): Promise<void> {
    // an abort only ends the pause: the loop looks at the signal anyway
    await setTimeout(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}

/** No answer and one that cannot be read say as little as a 503. */
async function attempt<T>(
  client: Pick<Client, 'call'>,
  call: Parameters<Client['call']>[0],
  read: (answer: Answer) => T | undefined,
): Promise<{ found?: T | undefined; retryAfter?: string | undefined }> {
  try {
    const answer = await client.call(call);
    return { found: read(answer), retryAfter: answer.headers['retry-after'] };
  } catch {
    return {};
  }
}

/** Undefined: do not ask again. Whoever wants to be left alone for longer than there is time is left alone. */
export function pauseAfter(
  retryAfter: string | undefined,
  ownMs: number | undefined,
  pausedMs: number,
): number | undefined {
  if (ownMs === undefined) return undefined;
  // the other form of the header is a date: nobody here sends one
  const askedMs = Number(retryAfter ?? 0) * 1_000;
  const pauseMs = askedMs > ownMs ? askedMs : ownMs;
  return pausedMs + pauseMs > pausesAtMostMs ? undefined : pauseMs;
}
