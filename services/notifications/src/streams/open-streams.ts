import { errors } from '../errors.ts';
import type { Stream } from './stream.ts';

/** The open streams of one process, by whom they are for. */
export class OpenStreams {
  readonly #limits: { readonly maxStreams: number; readonly maxStreamsPerAccount: number };
  readonly #byAudience = new Map<string, Set<Stream>>();
  readonly #byAccount = new Map<string, Set<Stream>>();
  #size = 0;

  constructor(limits: { readonly maxStreams: number; readonly maxStreamsPerAccount: number }) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** @throws {Problem} `too_many_streams` 429, `streams_full` 503 */
  admit(accountId: string): void {
    if (this.#size >= this.#limits.maxStreams) throw errors.problem('streams_full');
    if (this.ofAccount(accountId).size >= this.#limits.maxStreamsPerAccount) throw errors.problem('too_many_streams');
  }

  /** Lists a stream until it closes. */
  add(stream: Stream): void {
    const { audience, accountId } = stream.reader;
    addTo(this.#byAudience, audience, stream);
    addTo(this.#byAccount, accountId, stream);
    this.#size += 1;
    stream.output.once('close', () => {
      removeFrom(this.#byAudience, audience, stream);
      removeFrom(this.#byAccount, accountId, stream);
      this.#size -= 1;
    });
  }

  ofAudience(audience: string): ReadonlySet<Stream> {
    return this.#byAudience.get(audience) ?? none;
  }

  ofAccount(accountId: string): ReadonlySet<Stream> {
    return this.#byAccount.get(accountId) ?? none;
  }

  audiences(): string[] {
    return [...this.#byAudience.keys()];
  }

  all(): Stream[] {
    return [...this.#byAudience.values()].flatMap((streams) => [...streams]);
  }
}

const none: ReadonlySet<Stream> = new Set();

function addTo(index: Map<string, Set<Stream>>, key: string, stream: Stream): void {
  index.set(key, (index.get(key) ?? new Set()).add(stream));
}

function removeFrom(index: Map<string, Set<Stream>>, key: string, stream: Stream): void {
  const streams = index.get(key);
  streams?.delete(stream);
  if (streams?.size === 0) index.delete(key);
}
