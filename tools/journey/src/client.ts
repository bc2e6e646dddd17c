import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';

/** What all clients together sent and heard. */
export interface Traffic {
  requests: number;
  /** Requests that were sent again because the answer was 503 or the connection broke. */
  repeated: number;
  /** Answers 429: this journey's clients must never see one. */
  rateLimited: string[];
}

export interface Answer {
  readonly request: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export interface RequestOptions {
  readonly body?: unknown;
  /** A CSV file instead of a JSON body. */
  readonly csv?: string;
  readonly idempotencyKey?: string;
  /** Doing it twice is harmless, although it is a POST without a key. */
  readonly harmless?: boolean;
}

/** An answer that the journey has no use for. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';

  constructor({ request, status, body }: Answer, why: string) {
    super(`${request} answered ${status} (${why}): ${JSON.stringify(body).slice(0, 400)}`);
  }
}

const timeoutMs = 30_000;
const patienceMs = 60_000;

/** One person's browser: an address of its own, a cookie jar, connections that are kept. Repeats what may be repeated. */
export class Browser {
  readonly #gateway: URL;
  readonly #address: string;
  readonly #traffic: Traffic;
  readonly #agent: Agent;
  readonly #cookies = new Map<string, string>();

  constructor(gateway: URL, address: string, traffic: Traffic) {
    this.#gateway = gateway;
    this.#address = address;
    this.#traffic = traffic;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, localAddress: address });
  }

  /**
   * Sends a request, and sends it again while the answer is 503, for as long as it asks, or when the connection breaks and
   * repeating is harmless.
   */
  async send(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, options: RequestOptions = {}): Promise<Answer> {
    const { idempotencyKey, harmless = method === 'GET' || method === 'DELETE' } = options;
    const repeatable = harmless || idempotencyKey !== undefined;
    const givenUpAt = Date.now() + patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#once(method, path, options).catch(async (error: unknown) => {
        if (!repeatable || Date.now() > givenUpAt)
          throw new Error(`${method} ${path} from ${this.#address} broke off`, { cause: error });
        return undefined;
      });
      if (answer?.status === 429) this.#traffic.rateLimited.push(`${this.#address} ${method} ${path}`);
      // the gateway's word for a service that broke off: the request may have been done or not
      const brokeOff = repeatable && (answer?.status === 502 || answer?.status === 504);
      const again = answer === undefined || answer.status === 503 || brokeOff;
      if (answer !== undefined && (!again || Date.now() > givenUpAt)) return answer;
      this.#traffic.repeated += 1;
      await delay(retryAfterMs(answer) ?? Math.min(2000, 100 * 2 ** attempt));
    }
  }

  /** Sends, and reads the answer as `schema` says. @throws {UnexpectedAnswerError} for any other status or shape. */
  async expect<S extends z.ZodType>(
    [method, path]: readonly ['GET' | 'POST' | 'PATCH' | 'DELETE', string],
    [status, schema]: readonly [number, S],
    options: RequestOptions = {},
  ): Promise<z.infer<S>> {
    return read(await this.send(method, path, options), status, schema);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Opens a stream. @returns undefined when the connection cannot be made, or breaks before there is an answer. */
  open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage | undefined> {
    this.#traffic.requests += 1;
    return new Promise((resolve) => {
      const request = httpRequest(new URL(path, this.#gateway), {
        headers: { ...this.#headers(), ...headers },
        agent: this.#agent,
        localAddress: this.#address,
        signal,
      });
      request.once('error', () => resolve(undefined));
      request.once('response', resolve);
      request.end();
    });
  }

  #headers(): Record<string, string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return {
      accept: 'application/json',
      'user-agent': 'Mozilla/5.0 (journey)',
      ...(cookie === '' ? {} : { cookie }),
    };
  }

  #once(method: string, path: string, { body, csv, idempotencyKey }: RequestOptions): Promise<Answer> {
    const payload = csv ?? (body === undefined ? undefined : JSON.stringify(body));
    const headers = {
      ...this.#headers(),
      ...(method === 'GET' ? {} : { origin: this.#gateway.origin }),
      ...(payload === undefined
        ? {}
        : {
            'content-type': csv === undefined ? 'application/json' : 'text/csv',
            'content-length': Buffer.byteLength(payload),
          }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    };
    this.#traffic.requests += 1;
    return new Promise((resolve, reject) => {
      const request = httpRequest(new URL(path, this.#gateway), {
        method,
        headers,
        agent: this.#agent,
        localAddress: this.#address,
      });
      request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.once('error', reject);
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          this.#remember(response.headers['set-cookie'] ?? []);
          const text = Buffer.concat(chunks).toString('utf8');
          const isJson = /json/.test(response.headers['content-type'] ?? '');
          const status = response.statusCode ?? 0;
          resolve({
            request: `${method} ${path}`,
            status,
            headers: response.headers,
            body: isJson ? JSON.parse(text) : text,
          });
        });
      });
      request.end(payload);
    });
  }

  #remember(cookies: readonly string[]): void {
    for (const cookie of cookies) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=');
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(cookie)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

/** @throws {UnexpectedAnswerError} when status or shape are others. */
export function read<S extends z.ZodType>(answer: Answer, status: number, schema: S): z.infer<S> {
  if (answer.status !== status) throw new UnexpectedAnswerError(answer, `expected ${status}`);
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: '' };
  throw new UnexpectedAnswerError(answer, `${path.join('.')}: ${message}`);
}

function retryAfterMs(answer: Answer | undefined): number | undefined {
  const seconds = Number(answer?.headers['retry-after']);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
