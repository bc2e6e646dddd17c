import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from './browser.ts';

const path = '/api/notifications/stream';

/** An open page that receives notifications live and reconnects when the stream ends, as EventSource does. */
export class Listener {
  readonly #browser: Browser;
  readonly #closing = new AbortController();
  readonly #listening: Promise<void>;
  /** Notifications, each once: a stream may repeat itself after a break. */
  readonly received = new Set<string>();
  // an unknown id: the stream starts at the beginning
  #lastId = 'none';
  #retryMs = 1000;

  constructor(browser: Browser, onTrouble: (error: unknown) => void) {
    this.#browser = browser;
    this.#listening = this.#listen().catch(onTrouble);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const response = await this.#browser.open(
        path,
        { accept: 'text/event-stream', 'last-event-id': this.#lastId },
        signal,
      );
      if (response?.statusCode === 200) await this.#read(response);
      else if (response !== undefined && ![502, 503, 504].includes(response.statusCode ?? 0)) {
        throw new Error(`GET ${path} answered ${response.statusCode ?? 0}`);
      }
      response?.destroy();
      await delay(this.#retryMs, undefined, { signal }).catch(() => undefined); // closed
    }
  }

  /** Reads until the stream ends or breaks. */
  async #read(response: IncomingMessage): Promise<void> {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
    });
    await new Promise((resolve) => response.once('close', resolve).once('error', resolve));
  }

  #take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const id = fields.get('id');
    if (id !== undefined) this.#lastId = id;
    this.#retryMs = Number(fields.get('retry') ?? this.#retryMs);
    if (fields.get('event') === 'notification' && id !== undefined) this.received.add(id);
  }
}
