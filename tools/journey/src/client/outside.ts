import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { charge, mail, refund, type Charge, type Mail, type Refund } from './api.ts';

const list = <S extends z.ZodType>(item: S) => z.looseObject({ items: z.array(item), next: z.string().optional() });

const patienceMs = 15_000;

/** Retries while a sandbox restarts. */
async function reach(url: string, init: RequestInit = {}): Promise<Response> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${url} cannot be reached`, { cause: error });
      await delay(500);
    }
  }
}

async function get<S extends z.ZodType>(url: string, schema: S): Promise<z.infer<S>> {
  const response = await reach(url);
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return schema.parse(await response.json());
}

/** The mail catcher: the mails of this run's families. */
export class Mailroom {
  readonly #url: string;
  readonly #run: string;
  readonly mails: Mail[] = [];

  constructor(url: string, run: string) {
    this.#url = url;
    this.#run = run;
  }

  /** Fetches new mails. */
  async fetch(): Promise<readonly Mail[]> {
    for (;;) {
      const after = this.mails.at(-1)?.id;
      const query = `q=${encodeURIComponent(`.${this.#run}@`)}&limit=200${after === undefined ? '' : `&after=${after}`}`;
      const { items } = await get(`${this.#url}/api/messages?${query}`, list(mail));
      this.mails.push(...items);
      if (items.length < 200) return this.mails;
    }
  }
}

const sandboxStatus = z.looseObject({
  charges: z.number(),
  refunds: z.number(),
  webhooks: z.looseObject({ pending: z.number() }),
  faults: z.looseObject({ struck: z.number() }),
});

/** The payment sandbox: its faults, and its books since the run began. */
export class PaymentBooks {
  readonly #url: string;
  #from: { charge: string | undefined; refund: string | undefined } = { charge: undefined, refund: undefined };

  constructor(url: string) {
    this.#url = url;
  }

  /** Skips what is in the books already: it belongs to other runs. */
  async begin(): Promise<void> {
    const [charges, refunds] = await Promise.all([this.charges(), this.refunds()]);
    this.#from = { charge: charges.at(-1)?.id, refund: refunds.at(-1)?.id };
  }

  charges(): Promise<Charge[]> {
    return this.#all('charges', charge, this.#from.charge);
  }

  refunds(): Promise<Refund[]> {
    return this.#all('refunds', refund, this.#from.refund);
  }

  status(): Promise<z.infer<typeof sandboxStatus>> {
    return get(`${this.#url}/sandbox/status`, sandboxStatus);
  }

  /** Sets the provider's faults; by default none. */
  async fault(
    faults: { mode: 'down' | 'timeout-after-charge' | 'none'; webhooks?: 'twice' } = { mode: 'none' },
  ): Promise<void> {
    const response = await reach(`${this.#url}/sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(faults),
    });
    if (!response.ok) throw new Error(`the payment sandbox answered ${response.status}: ${await response.text()}`);
  }

  async #all<T>(path: string, item: z.ZodType<T>, from: string | undefined): Promise<T[]> {
    const items: T[] = [];
    let after = from;
    do {
      const query = `limit=1000${after === undefined ? '' : `&after=${after}`}`;
      const answer = await get(`${this.#url}/v1/${path}?${query}`, list(item));
      items.push(...answer.items);
      after = answer.next;
    } while (after !== undefined);
    return items;
  }
}
