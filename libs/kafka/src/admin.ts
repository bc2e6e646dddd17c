import { within } from '@homeroom/resilience';
import type { Admin as ClientAdmin } from 'kafkajs';
import { connect, type Connection } from './connection.ts';
import { KafkaUnavailableError, translate } from './errors.ts';
import type { KafkaOptions } from './types.ts';

const idleMs = 10_000;
export const answerMs = 3000;

/** Requests to the cluster as a whole, over one connection that closes when idle. */
export class Admin {
  readonly #options: KafkaOptions;
  #live: { connection: Connection; admin: ClientAdmin; connected: Promise<void> } | undefined;
  #idle: NodeJS.Timeout | undefined;
  #asking = 0;

  constructor(options: KafkaOptions) {
    this.#options = options;
  }

  /** @throws {KafkaUnavailableError | KafkaRefusedError} within `answerMs`. */
  async ask<T>(what: string, question: (admin: ClientAdmin) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    this.#asking += 1;
    try {
      const { admin, connected } = (this.#live ??= this.#connect());
      return await within(
        answerMs,
        connected.then(async () => question(admin)),
        () => new KafkaUnavailableError(`${what}: no answer within ${answerMs} ms`),
      );
    } catch (error) {
      this.#disconnect();
      throw translate(error, what);
    } finally {
      this.#asking -= 1;
      if (this.#asking === 0) this.#idle = setTimeout(() => this.#disconnect(), idleMs).unref();
    }
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#disconnect();
  }

  #connect() {
    const connection = connect(this.#options, { retries: 1 });
    const admin = connection.client.admin();
    return { connection, admin, connected: admin.connect() };
  }

  #disconnect(): void {
    this.#live?.connection.destroy();
    this.#live = undefined;
  }
}
