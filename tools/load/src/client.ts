import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ClientOptions {
  readonly origin: URL;
  readonly timeoutMs: number;
  readonly onResent: () => void;
  readonly now?: () => number;
}

/**
 * A server that closes an idle connection resets a late request at once. A reset after a longer time means that it had begun
 * to process the request, which is a failure. On a busy machine the reset can arrive some tenths of a second late.
 */
const staleWithinMs = 250;

/** A browser with its own connections and cookies. */
export class Client {
  readonly name: string;
  /** For the scenarios. */
  familyId: string | undefined;
  readonly #options;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #cookies = new Map<string, string>();

  constructor(name: string, options: ClientOptions) {
    this.name = name;
    this.#options = { now: () => performance.now(), ...options };
  }

  /** Rejects with a TimeoutError when the response is not complete in time, and with the socket's error. */
  async call(call: Call): Promise<Answer> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      return await this.#send(call, signal);
    } catch (error) {
      // RFC 9110 §9.2.2: a safe request may be repeated when the server closed the idle connection at the same time
      if (!(error instanceof StaleConnectionError) || call.method !== 'GET') throw error;
      this.#options.onResent();
      return await this.#send(call, signal, true);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send({ method, path, body, headers }: Call, signal: AbortSignal, newConnection = false): Promise<Answer> {
    const { origin, now } = this.#options;
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        host: origin.hostname.replace(/^\[|\]$/g, ''),
        port: origin.port === '' ? 80 : origin.port,
        method,
        path,
        headers: {
          ...headers,
          ...(newConnection ? { connection: 'close' } : {}),
          ...(this.#cookies.size === 0 ? {} : { cookie: this.#cookieHeader() }),
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
        agent: newConnection ? false : this.#agent,
        signal,
      });
      let answered = false;
      const sentAt = now();
      const fail = (error: Error): void => {
        const stale = request.reusedSocket && !answered && now() - sentAt < staleWithinMs;
        if (signal.aborted) reject(signal.reason as Error);
        else reject(stale ? new StaleConnectionError(error) : error);
      };
      request.on('error', fail);
      request.on('response', (response) => {
        answered = true;
        const chunks: Buffer[] = [];
        response.on('error', fail);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          this.#keepCookies(response.headers['set-cookie']);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          });
        });
      });
      request.end(text);
    });
  }

  #cookieHeader(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #keepCookies(lines: readonly string[] = []): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
  readonly code: string;

  constructor(cause: Error) {
    super('the server closed a kept connection', { cause });
    this.code = 'code' in cause && typeof cause.code === 'string' ? cause.code : 'ECONNRESET';
  }
}
