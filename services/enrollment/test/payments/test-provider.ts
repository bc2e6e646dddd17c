import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LedgerEntry {
  readonly id: string;
  readonly status: 'succeeded' | 'declined';
  readonly amountCents: number;
  readonly reference: string;
}

type Fault =
  /** Does the work and answers. */
  | 'none'
  /** Resets the connection before any work. */
  | 'down'
  /** Answers 500 before any work. */
  | 'failing'
  /** Declines. */
  | 'decline'
  /** Does the work and never answers. */
  | 'silent-after'
  /** Does the work only when `release` is called, even when the client has disconnected. */
  | 'held';

/** A payment provider with a ledger of its own, which tests compare with. */
export class TestProvider {
  readonly charges = new Map<string, LedgerEntry>();
  readonly refunds = new Map<string, { id: string; chargeId: string; amountCents: number }>();
  readonly requests: string[] = [];
  /** The most requests that were being answered at once. */
  mostAtOnce = 0;
  fault: (request: string, count: number) => Fault = () => 'none';
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #held: (() => void)[] = [];
  #atOnce = 0;

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Does the work that was held. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  get held(): number {
    return this.#held.length;
  }

  charged(): LedgerEntry[] {
    return [...this.charges.values()].filter(({ status }) => status === 'succeeded');
  }

  capturedCents(): number {
    return this.charged().reduce((sum, { amountCents }) => sum + amountCents, 0);
  }

  refundedCents(): number {
    return [...this.refunds.values()].reduce((sum, { amountCents }) => sum + amountCents, 0);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    response.on('close', () => (this.#atOnce -= 1));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://test');
    const what = `${request.method ?? ''} ${pathname}`;
    this.requests.push(what);
    const fault = this.fault(what, this.requests.length);
    if (fault === 'down') {
      request.socket.resetAndDestroy();
      return;
    }
    const send = (status: number, body: object): void => {
      response.writeHead(status).end(JSON.stringify(body));
    };
    if (fault === 'failing') {
      send(500, { code: 'failing' });
      return;
    }
    if (request.method === 'GET') {
      const found = this.charges.get(searchParams.get('idempotencyKey') ?? '');
      send(200, { items: found === undefined ? [] : [found] });
      return;
    }
    if (fault === 'held') await new Promise<void>((resolve) => this.#held.push(resolve));
    const key = String(request.headers['idempotency-key']);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as never;
    const record = pathname === '/v1/charges' ? this.#charge(key, body, fault) : this.#refund(key, body);
    if (fault === 'silent-after') return;
    send(201, record);
  }

  #charge(key: string, { amountCents, reference }: LedgerEntry, fault: Fault): LedgerEntry {
    const status = fault === 'decline' ? 'declined' : 'succeeded';
    const entry = this.charges.get(key) ?? { id: `ch_${key}`, status, amountCents, reference };
    this.charges.set(key, entry);
    return entry;
  }

  #refund(key: string, { chargeId, amountCents }: { chargeId: string; amountCents: number }) {
    const entry = this.refunds.get(key) ?? { id: `re_${key}`, chargeId, amountCents };
    this.refunds.set(key, entry);
    return entry;
  }
}
