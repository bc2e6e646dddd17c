import { within } from '@homeroom/resilience';
import kafkajs from 'kafkajs';
import type { Producer as ClientProducer } from 'kafkajs';
import { connect, retryTimes, type Connection } from './connection.ts';
import { KafkaUnavailableError, translate } from './errors.ts';
import { endSpan, startSend } from './tracing.ts';
import type { KafkaOptions, OutgoingMessage } from './types.ts';

const closeMs = 4000;
/** A request's share of one partition must stay below the broker's `message.max.bytes`, 1 MiB by default. */
const requestBytes = 700_000;

interface Job {
  readonly messages: readonly OutgoingMessage[];
  /** How many of them have been handed to a request. */
  taken: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Connects at the first send. Sends one request at a time, made of all that waits: that keeps the order without a lock per
 * partition, and few large requests are cheaper than many small ones.
 */
export class Producer {
  readonly #options: KafkaOptions;
  readonly #sendTimeoutMs: number;
  readonly #waiting: Job[] = [];
  #live: { connection: Connection; producer: ClientProducer; connected: Promise<void> } | undefined;
  #flushing: Promise<void> | undefined;
  #closed = false;
  /** Ends the request in progress; set while there is one. */
  #abandon: ((reason: Error) => void) | undefined;

  constructor(options: KafkaOptions) {
    this.#options = options;
    this.#sendTimeoutMs = options.sendTimeoutMs ?? 10_000;
  }

  /**
   * Publishes messages in the order given; those of one key go to one partition in that order.
   * Resolves when every in-sync replica has all of them. Calls that overlap are merged into one request.
   * @throws {KafkaUnavailableError} within about 10 s when the brokers cannot be reached. Some of the messages may then
   * have been written nevertheless: send them again, consumers recognize duplicates.
   * @throws {KafkaRefusedError} when the brokers answered and would not take them: no such topic, too large.
   */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.#closed) throw new KafkaUnavailableError('sending: the producer has been closed');
    if (messages.length === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#waiting.push({ messages, taken: 0, resolve: () => resolve(undefined), reject });
    this.#flushing ??= this.#flush();
    await promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const late = (): KafkaUnavailableError => new KafkaUnavailableError('sending: closed before it was acknowledged');
    for (const deadline = performance.now() + closeMs; this.#flushing !== undefined;) {
      const leftMs = Math.max(0, deadline - performance.now());
      await within(leftMs, this.#flushing, late).catch((error: unknown) => this.#abandon?.(error as Error));
    }
    this.#disconnect();
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    while (waiting.length > 0) {
      const request = nextRequest(waiting);
      try {
        await this.#sendNow(request.messages);
        for (const job of request.jobs) {
          if (job.taken < job.messages.length) continue;
          waiting.splice(waiting.indexOf(job), 1);
          job.resolve();
        }
      } catch (error) {
        for (const job of request.jobs) {
          waiting.splice(waiting.indexOf(job), 1);
          job.reject(error as Error);
        }
      }
    }
    this.#flushing = undefined;
  }

  async #sendNow(messages: readonly OutgoingMessage[]): Promise<void> {
    const { topicPrefix = '', onEvent } = this.#options;
    const timeout = this.#sendTimeoutMs;
    const startedAt = performance.now();
    const { topicMessages, spans } = toTopicMessages(messages, topicPrefix);
    let failure: Error | undefined;
    const { promise: abandoned, reject } = Promise.withResolvers<never>();
    this.#abandon = reject;
    try {
      const sent = this.#connected().then(async (producer) => producer.sendBatch({ acks: -1, timeout, topicMessages }));
      const late = (): Error => new KafkaUnavailableError(`sending: not acknowledged within ${timeout} ms`);
      await within(timeout, Promise.race([abandoned, sent]), late);
      onEvent?.({ kind: 'produced', messages: messages.length, durationMs: performance.now() - startedAt });
    } catch (error) {
      this.#disconnect();
      failure = translate(error, 'sending');
      const durationMs = performance.now() - startedAt;
      onEvent?.({ kind: 'produce-failed', messages: messages.length, durationMs, error: failure });
      throw failure;
    } finally {
      for (const span of spans) endSpan(span, failure);
    }
  }

  async #connected(): Promise<ClientProducer> {
    if (this.#live === undefined) {
      const connection = connect(this.#options, { retries: 8 });
      const producer = connection.client.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
        retry: retryTimes(8),
      });
      this.#live = { connection, producer, connected: producer.connect() };
    }
    const { producer, connected } = this.#live;
    await connected;
    return producer;
  }

  // kafkajs resets its sequence numbers when a request fails, even though the broker may have written it. The next
  // messages would then go out under numbers that the broker has seen: it would acknowledge them as duplicates and
  // drop them. So after any failure the producer is replaced; the next one has a new id.
  #disconnect(): void {
    this.#live?.connection.destroy();
    this.#live = undefined;
  }
}

function nextRequest(waiting: readonly Job[]): { messages: OutgoingMessage[]; jobs: Job[] } {
  const messages: OutgoingMessage[] = [];
  const jobs: Job[] = [];
  let bytes = 0;
  for (const job of waiting) {
    jobs.push(job);
    while (job.taken < job.messages.length) {
      const message = job.messages[job.taken];
      if (message === undefined) break;
      bytes += sizeOf(message);
      if (bytes > requestBytes && messages.length > 0) return { messages, jobs };
      messages.push(message);
      job.taken += 1;
    }
  }
  return { messages, jobs };
}

function sizeOf({ key, value, headers }: OutgoingMessage): number {
  let bytes = 64 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers)
    bytes += name.length + 8 + [headers[name]].flat().reduce((sum, text) => sum + (text?.length ?? 0), 0);
  return bytes;
}

function toTopicMessages(messages: readonly OutgoingMessage[], prefix: string) {
  const spans = [];
  const byTopic = new Map<string, kafkajs.Message[]>();
  for (const { topic, key, value, headers } of messages) {
    const traceparent = headers['traceparent'];
    const sending = startSend(topic, typeof traceparent === 'string' ? traceparent : undefined);
    if (sending) spans.push(sending.span);
    const message = {
      key,
      value,
      headers: { ...headers, ...(sending && { traceparent: sending.traceparent }) } as kafkajs.IHeaders,
    };
    const others = byTopic.get(topic);
    if (others) others.push(message);
    else byTopic.set(topic, [message]);
  }
  return { spans, topicMessages: [...byTopic].map(([topic, of]) => ({ topic: prefix + topic, messages: of })) };
}
