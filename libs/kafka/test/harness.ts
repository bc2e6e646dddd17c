import { encodeEvent, examples, firstCoopId, topics, type DomainEvent } from '@homeroom/contracts';
import type { ConsumeOptions, Consumer, IncomingMessage, Kafka, KafkaEvent, OutgoingMessage } from '@homeroom/kafka';
import { startFaultProxy, testKafkaBrokers, testTopicPrefix, waitFor, type FaultProxy } from '@homeroom/testing';
import { connect } from 'node:net';
import type { KafkaOptions } from '../src/types.ts';

export type OpenKafka = (options: KafkaOptions) => Kafka;

export const topic = topics.family;
export const deadLetters = `${topic}.dlq`;
const type = 'homeroom.family.registered.v1';

/** An event whose `id` says which it is and whose `subject` is the message's key. */
export function event(id: string, key = 'family-1'): DomainEvent {
  return { id, type, coopId: firstCoopId, source: '/families', subject: key, time: new Date(), data: examples[type] };
}

export const message = (id: string, key = 'family-1'): OutgoingMessage => ({
  topic,
  key,
  ...encodeEvent(event(id, key)),
});

export const ids = (count: number, prefix = ''): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

/** One client under test, its events, and the means to look at what it does from outside. */
export async function testKafka(open: OpenKafka, overrides: Partial<KafkaOptions> = {}) {
  const events: KafkaEvent[] = [];
  const [broker = ''] = testKafkaBrokers();
  const options: KafkaOptions = {
    brokers: [broker],
    clientId: 'test',
    topicPrefix: testTopicPrefix(),
    ...overrides,
    onEvent: (of) => events.push(of),
  };
  const kafka = open(options);
  const collected: { consumer: Consumer; client: Kafka }[] = [];

  return {
    kafka,
    options,
    events,
    of: <K extends KafkaEvent['kind']>(kind: K) =>
      events.filter((of): of is Extract<KafkaEvent, { kind: K }> => of.kind === kind),

    async send(...messages: OutgoingMessage[]): Promise<void> {
      await (await kafka.producer()).send(messages);
    },

    /** Starts a consumer that records the ids of what it handles. */
    async consume(more: Partial<ConsumeOptions> = {}): Promise<{ consumer: Consumer; handled: string[] }> {
      const handled: string[] = [];
      const consumer = await kafka.consume({
        group: 'group',
        topics: [topic],
        retry: { attempts: 2, baseMs: 1, maxMs: 2 },
        handlers: { [type]: async ({ id }: DomainEvent) => void handled.push(id) },
        ...more,
      });
      return { consumer, handled };
    },

    /** Everything that lies in a topic, read by a second client and a group of its own, once there are `count`. */
    async read(from: string, count: number): Promise<IncomingMessage[]> {
      const found: IncomingMessage[] = [];
      const client = open({ ...options, onEvent: () => undefined });
      const consumer = await client.consumeRaw({
        group: `reader-${Math.random()}`,
        topics: [from],
        handler: async (of) => void found.push(of),
      });
      collected.push({ consumer, client });
      await waitFor(`${count} messages in ${from}, of which ${found.length}`, () => found.length >= count);
      return found;
    },

    async close(): Promise<void> {
      await kafka.close();
      for (const { client } of collected) await client.close();
    },
  };
}

/** A proxy before the broker, and the option that makes a client go through it wherever the broker says it is. */
export async function faultyBroker(): Promise<{ proxy: FaultProxy; options: Pick<KafkaOptions, 'dial'> }> {
  const [host = '', port = ''] = (testKafkaBrokers()[0] ?? '').split(':');
  const proxy = await startFaultProxy({ target: { host, port: Number(port) } });
  return { proxy, options: { dial: () => connect(proxy.port, proxy.host) } };
}
