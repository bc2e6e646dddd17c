import { decodeEvent } from '@homeroom/contracts';
import { openAdmin } from './admin.ts';
import type { Handled } from './batch.ts';
import { startConsumer } from './consumer.ts';
import { openProducer } from './producer.ts';
import type {
  ConsumeOptions,
  Consumer,
  ConsumerOptions,
  HandlerContext,
  IncomingMessage,
  Kafka,
  KafkaOptions,
  OutgoingMessage,
  Producer,
} from './types.ts';

/** Opens the client. Nothing is connected before it is needed, so this works while the brokers are down. */
export function openKafka(options: KafkaOptions): Kafka {
  const closing = new AbortController();
  const admin = openAdmin(options, closing.signal);
  const consumers = new Set<Consumer>();
  let producer: Producer | undefined;
  const sharedProducer = (): Producer => (producer ??= openProducer(options));

  const deadLetterTopics = new Set<string>();
  const sendDeadLetter = async (letter: OutgoingMessage, signal: AbortSignal): Promise<void> => {
    const { topic } = letter;
    if (!deadLetterTopics.has(topic)) await admin.ensureTopics([{ topic, partitions: 1 }], { signal });
    deadLetterTopics.add(topic);
    await sharedProducer().send([letter]);
  };

  const consume = (
    consumerOptions: ConsumerOptions,
    deadLetters: boolean,
    handle: (message: IncomingMessage, context: HandlerContext) => Promise<Handled>,
  ): Consumer => {
    closing.signal.throwIfAborted();
    const started = startConsumer(options, consumerOptions, {
      handle,
      sendDeadLetter: deadLetters ? sendDeadLetter : undefined,
    });
    const consumer: Consumer = {
      healthy: () => started.healthy(),
      stop: async () => {
        await started.stop();
        consumers.delete(consumer);
      },
    };
    consumers.add(consumer);
    return consumer;
  };

  return {
    ensureTopics: admin.ensureTopics,
    ping: admin.ping,
    producer: async () => {
      closing.signal.throwIfAborted();
      return sharedProducer();
    },
    consume: async (consumeOptions) => consume(consumeOptions, true, eventHandler(consumeOptions)),
    consumeRaw: async ({ handler, deadLetters = true, ...consumeOptions }) =>
      consume(consumeOptions, deadLetters, async (message, context) => {
        await handler(message, context);
        return { outcome: 'handled', type: message.headers['ce_type'] };
      }),
    close: async () => {
      await Promise.all([...consumers].map(async (consumer) => consumer.stop()));
      closing.abort(new Error('the Kafka client has been closed'));
      await producer?.close();
      admin.close();
    },
  };
}

function eventHandler({ handlers }: ConsumeOptions) {
  // which handler fits which event is a relation that the type of `handlers` holds and indexing loses
  const byType = handlers as Readonly<
    Record<string, ((event: unknown, context: HandlerContext) => Promise<void>) | undefined>
  >;
  return async (message: IncomingMessage, context: HandlerContext): Promise<Handled> => {
    const event = decodeEvent(message);
    const handler = event === undefined ? undefined : byType[event.type];
    if (event === undefined || handler === undefined) return { outcome: 'skipped', type: message.headers['ce_type'] };
    await handler(event, context);
    return { outcome: 'handled', type: event.type };
  };
}
