import { open, readFile, truncate, type FileHandle } from 'node:fs/promises';

/** Money that was asked for. Declined charges are kept as well: nothing moved, but somebody asked. */
export interface Charge {
  readonly id: string;
  readonly status: 'succeeded' | 'declined';
  readonly amountCents: number;
  readonly currency: string;
  /** The merchant's own name for what is paid. */
  readonly reference: string;
  readonly description?: string | undefined;
  readonly idempotencyKey: string;
  readonly createdAt: string;
}

export interface Refund {
  readonly id: string;
  readonly status: 'succeeded';
  readonly chargeId: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly createdAt: string;
}

/** A line of the ledger's file. `fingerprint` is what the idempotency key was used for. */
export type Entry =
  | { readonly kind: 'charge'; readonly charge: Charge; readonly fingerprint: string }
  | { readonly kind: 'refund'; readonly refund: Refund; readonly fingerprint: string }
  | { readonly kind: 'webhook-delivered'; readonly eventId: string };

/** The append-only file behind the sandbox: what was answered is in it. Without a file it forgets at the end. */
export class Ledger {
  readonly #file: FileHandle | undefined;
  #waiting: string[] = [];
  #write: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle | undefined) {
    this.#file = file;
  }

  /**
   * Opens the ledger and reads what it holds. A last line that was cut off by a crash is removed: it was never answered.
   * @throws when a line in the middle cannot be read, with its number.
   */
  static async open(path: string | undefined): Promise<{ ledger: Ledger; entries: Entry[] }> {
    if (path === undefined) return { ledger: new Ledger(undefined), entries: [] };
    const bytes = await readFile(path).catch(whenMissing);
    const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
    const entries = whole
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
      .map((line, index) => readEntry(line, `${path}:${index + 1}`));
    if (whole.length < bytes.length) await truncate(path, whole.length);
    return { ledger: new Ledger(await open(path, 'a', 0o600)), entries };
  }

  /** Resolves when the entry is in the file. Entries that arrive while one is written go out together. */
  append(entry: Entry): Promise<void> {
    if (this.#file === undefined) return Promise.resolve();
    this.#waiting.push(`${JSON.stringify(entry)}\n`);
    // a write that failed fails every later one: the sandbox must not answer for what it cannot keep
    this.#write = this.#write.then(() => this.#flush());
    return this.#write;
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting.splice(0).join('');
    if (lines !== '') await this.#file?.appendFile(lines);
  }

  async close(): Promise<void> {
    await this.#write.finally(() => this.#file?.close());
  }
}

function whenMissing(error: NodeJS.ErrnoException): Buffer {
  if (error.code === 'ENOENT') return Buffer.alloc(0);
  throw error;
}

function readEntry(line: string, place: string): Entry {
  try {
    return JSON.parse(line) as Entry;
  } catch (error) {
    throw new Error(`${place} is not an entry of the payment sandbox's ledger`, { cause: error });
  }
}
