import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { Cookies } from './cookies.ts';

/** What all clients together sent. */
export interface Traffic {
  requests: number;
  /** Requests that were repeated after a 503 or a broken connection. */
  repeated: number;
  /** Requests that were answered 429, which must not happen. */
  rateLimited: string[];
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

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
  /** May be repeated although it is a POST without a key. */
  readonly harmless?: boolean;
}

/** A response with an unexpected status or shape. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';

  constructor({ request, status, body }: Answer, why: string) {
    super(`${request} answered ${status} (${why}): ${JSON.stringify(body).slice(0, 400)}`);
  }
}

const timeoutMs = 30_000;
const patienceMs = 60_000;

/** One person's browser, with its own address, cookies, and kept connections. It repeats what may be repeated. */
export class Browser {
  readonly #gateway: URL;
  readonly #address: string | undefined;
  readonly #traffic: Traffic;
  readonly #agent: Agent;
  readonly #cookies = new Cookies();

  constructor(gateway: URL, address: string | undefined, traffic: Traffic) {
    this.#gateway = gateway;
    this.#address = address;
    this.#traffic = traffic;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 4,
      ...(address === undefined ? {} : { localAddress: address }),
    });
  }

  /** Sends a request, and repeats it for up to a minute: after a 503, and after a broken connection if that is harmless. */
  async send(method: Method, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { idempotencyKey, harmless = method === 'GET' || method === 'DELETE' } = options;
    const repeatable = harmless || idempotencyKey !== undefined;
    const deadline = Date.now() + patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#once(method, path, options).catch((error: unknown) => {
        if (repeatable && Date.now() <= deadline) return undefined;
        throw new Error(`${method} ${path} from ${this.#address ?? 'here'} broke off`, { cause: error });
      });
      if (answer?.status === 429) this.#traffic.rateLimited.push(`${this.#address ?? 'here'} ${method} ${path}`);
      // a service closed the connection or timed out: the request may have been processed or not
      const brokeOff = repeatable && (answer?.status === 502 || answer?.status === 504);
      const again = answer === undefined || answer.status === 503 || brokeOff;
      if (answer !== undefined && (!again || Date.now() > deadline)) return answer;
      this.#traffic.repeated += 1;
      await delay(retryAfterMs(answer) ?? Math.min(2000, 100 * 2 ** attempt));
    }
  }

  /** Sends, and parses the answer. @throws {UnexpectedAnswerError} for any other status or shape. */
  async expect<S extends z.ZodType>(
    [method, path]: readonly [Method, string],
    [status, schema]: readonly [number, S],
    options: RequestOptions = {},
  ): Promise<z.infer<S>> {
    return read(await this.send(method, path, options), status, schema);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Opens a stream. @returns undefined when the connection fails before there is an answer. */
  async open(path: string, headers: IncomingHttpHeaders, signal: AbortSignal): Promise<IncomingMessage | undefined> {
    return this.#respond(path, { headers, signal }).catch(() => undefined);
  }

  async #once(method: Method, path: string, { body, csv, idempotencyKey }: RequestOptions): Promise<Answer> {
    const payload = csv ?? (body === undefined ? undefined : JSON.stringify(body));
    const type = csv === undefined ? 'application/json' : 'text/csv';
    const headers = {
      ...(method === 'GET' ? {} : { origin: this.#gateway.origin }),
      ...(payload === undefined ? {} : { 'content-type': type, 'content-length': String(Buffer.byteLength(payload)) }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    };
    const response = await this.#respond(path, { method, headers, timeout: timeoutMs }, payload);
    const content = await text(response);
    this.#cookies.update(response.headers['set-cookie']);
    const isJson = /json/.test(response.headers['content-type'] ?? '');
    return {
      request: `${method} ${path}`,
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: isJson ? JSON.parse(content) : content,
    };
  }

  async #respond(
    path: string,
    options: { method?: Method; headers: IncomingHttpHeaders; timeout?: number; signal?: AbortSignal },
    payload?: string,
  ): Promise<IncomingMessage> {
    this.#traffic.requests += 1;
    const cookie = this.#cookies.header();
    const request = httpRequest(new URL(path, this.#gateway), {
      ...options,
      headers: {
        accept: 'application/json',
        'user-agent': 'Mozilla/5.0 (journey)',
        ...(cookie === undefined ? {} : { cookie }),
        ...options.headers,
      },
      agent: this.#agent,
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    // an error after the headers rejects the reading of the body
    request.on('error', () => undefined);
    const [response] = (await once(request.end(payload), 'response')) as [IncomingMessage];
    return response;
  }
}

/** @throws {UnexpectedAnswerError} for another status or shape. */
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
