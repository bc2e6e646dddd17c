import { open, readFile, rename, truncate, writeFile, type FileHandle } from 'node:fs/promises';

/** An append-only file of JSON lines. Without a path nothing is stored. */
export class Journal<T> {
  readonly #path: string | undefined;
  #file: FileHandle | undefined;
  #waiting: string[] = [];
  #work: Promise<void> = Promise.resolve();
  /** The size of the file. */
  bytes = 0;
  /** Whether a write has failed. Every later write fails too, until the file is opened again. */
  broken = false;

  private constructor(path: string | undefined, file: FileHandle | undefined, bytes: number) {
    this.#path = path;
    this.#file = file;
    this.bytes = bytes;
  }

  /**
   * Opens the file and reads what it holds. A last line that a crash cut off is removed: its request got no answer.
   * @throws when a line in the middle cannot be read, with its number.
   */
  static async open<T>(path: string | undefined): Promise<{ journal: Journal<T>; entries: T[] }> {
    if (path === undefined) return { journal: new Journal(undefined, undefined, 0), entries: [] };
    const bytes = await readFile(path).catch(whenMissing);
    const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
    const entries = whole
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
      .map((line, index) => readEntry(line, `${path}:${index + 1}`) as T);
    if (whole.length < bytes.length) await truncate(path, whole.length);
    return { journal: new Journal(path, await open(path, 'a', 0o600), whole.length), entries };
  }

  /** Resolves when the entry is in the file. Entries that arrive during a write are written together. */
  append(entry: T): Promise<void> {
    if (this.#file === undefined) return Promise.resolve();
    this.#waiting.push(`${JSON.stringify(entry)}\n`);
    return this.#then(async () => {
      const lines = this.#waiting.splice(0).join('');
      this.bytes += Buffer.byteLength(lines);
      if (lines !== '') await this.#file?.appendFile(lines);
    });
  }

  /** Replaces the file atomically. `entries` is called once earlier appends are written. */
  replace(entries: () => readonly T[]): Promise<void> {
    const path = this.#path;
    if (path === undefined) return Promise.resolve();
    return this.#then(async () => {
      const lines = entries().map((entry) => `${JSON.stringify(entry)}\n`);
      // the entries include what is waiting
      this.#waiting = [];
      await writeFile(`${path}.new`, lines.join(''), { mode: 0o600 });
      await this.#file?.close();
      await rename(`${path}.new`, path);
      this.#file = await open(path, 'a', 0o600);
      this.bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
    });
  }

  async close(): Promise<void> {
    try {
      await this.#work;
    } finally {
      await this.#file?.close();
    }
  }

  // a failed write fails every later one: a request that cannot be recorded must not succeed
  #then(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.broken = true;
      throw error;
    });
    return this.#work;
  }
}

function whenMissing(error: NodeJS.ErrnoException): Buffer {
  if (error.code === 'ENOENT') return Buffer.alloc(0);
  throw error;
}

function readEntry(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new Error(`${place} cannot be read`, { cause: error });
  }
}
