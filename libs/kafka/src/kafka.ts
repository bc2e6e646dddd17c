import { decodeEvent } from '@homeroom/contracts';
import { joinSignals } from '@homeroom/resilience';
import { Admin } from './admin.ts';
import type { Handled } from './batch.ts';
import { SupervisedConsumer } from './consumer.ts';
import { Producer } from './producer.ts';
import { ensureTopics } from './topics.ts';
import type {
  ConsumeOptions,
  ConsumeRawOptions,
  Consumer,
  ConsumerOptions,
  HandlerContext,
  IncomingMessage,
  KafkaOptions,
  OutgoingMessage,
  TopicSpec,
} from './types.ts';

/** Opens the client. Nothing is connected before it is needed, so this works while the brokers are down. */
export const openKafka = (options: KafkaOptions): Kafka => new Kafka(options);

type Handle = (message: IncomingMessage, context: HandlerContext) => Promise<Handled>;

/** A process's Kafka client. */
export class Kafka {
  readonly #options: KafkaOptions;
  readonly #admin: Admin;
  readonly #closing = new AbortController();
  readonly #consumers: Consumer[] = [];
  readonly #deadLetterTopics = new Set<string>();
  #producer: Producer | undefined;

  constructor(options: KafkaOptions) {
    this.#options = options;
    this.#admin = new Admin(options);
  }

  /**
   * Creates the topics that are missing; those that exist are left as they are. Waits for the brokers as long as it
   * takes: rejects only when `signal` aborts or the client is closed.
   */
  async ensureTopics(topics: readonly TopicSpec[], { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    using joined = joinSignals(this.#closing.signal, ...(signal === undefined ? [] : [signal]));
    await ensureTopics(this.#admin, this.#options, topics, joined.signal);
  }

  /** Resolves when a broker answers; rejects within 3 s otherwise. */
  async ping(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.#admin.ask('ping', (client) => client.describeCluster());
  }

  /** The process's producer. It connects on the first send, so this works while the brokers are down. */
  async producer(): Promise<Producer> {
    this.#closing.signal.throwIfAborted();
    return this.#sharedProducer();
  }

  /**
   * Starts a consumer of domain events in the background: it waits for brokers and topics that are not there yet.
   * A type without a handler is skipped. A message that cannot be read or exhausted its tries goes to the dead
   * letter topic (created when missing) before the offset moves.
   */
  async consume(options: ConsumeOptions): Promise<Consumer> {
    return this.#start(options, true, eventHandler(options));
  }

  /** The same loop over undecoded messages, for readers of dead letters. */
  async consumeRaw({ handler, deadLetters = true, ...options }: ConsumeRawOptions): Promise<Consumer> {
    return this.#start(options, deadLetters, async (message, context) => {
      await handler(message, context);
      return { outcome: 'handled', type: message.headers['ce_type'] };
    });
  }

  /** Stops the consumers, flushes and closes the producer. */
  async close(): Promise<void> {
    await Promise.all(this.#consumers.map(async (consumer) => consumer.stop()));
    this.#closing.abort(new Error('the Kafka client has been closed'));
    await this.#producer?.close();
    this.#admin.close();
  }

  #sharedProducer(): Producer {
    return (this.#producer ??= new Producer(this.#options));
  }

  #start(options: ConsumerOptions, deadLetters: boolean, handle: Handle): Consumer {
    this.#closing.signal.throwIfAborted();
    const sendDeadLetter = deadLetters ? this.#sendDeadLetter : undefined;
    const consumer = new SupervisedConsumer(this.#options, options, { handle, sendDeadLetter });
    this.#consumers.push(consumer);
    return consumer;
  }

  readonly #sendDeadLetter = async (letter: OutgoingMessage, signal: AbortSignal): Promise<void> => {
    const { topic } = letter;
    if (!this.#deadLetterTopics.has(topic)) await this.ensureTopics([{ topic, partitions: 1 }], { signal });
    this.#deadLetterTopics.add(topic);
    await this.#sharedProducer().send([letter]);
  };
}

function eventHandler({ handlers }: ConsumeOptions): Handle {
  // which handler fits which event is a relation that the type of `handlers` holds and indexing loses
  const byType = handlers as Readonly<
    Record<string, ((event: unknown, context: HandlerContext) => Promise<void>) | undefined>
  >;
  return async (message, context) => {
    const event = decodeEvent(message);
    const handler = event === undefined ? undefined : byType[event.type];
    if (event === undefined || handler === undefined) return { outcome: 'skipped', type: message.headers['ce_type'] };
    await handler(event, context);
    return { outcome: 'handled', type: event.type };
  };
}
