import { randomBytes } from 'node:crypto';
import { Kafka as BareKafka, logLevel } from 'kafkajs';
import { openKafka, type Producer } from '@homeroom/kafka';
import { createRelay } from '@homeroom/outbox';
import { createTestDatabase } from '@homeroom/testing';
import { roundLine } from '../harness/measure.ts';
import { withClient } from '../harness/with-client.ts';

export interface RelaySample {
  readonly what: 'relay, no broker' | 'relay to Kafka' | 'bare client to Kafka';
  readonly round: number;
  readonly rowsPerSecond: number;
}

const rows = 50_000;
const batchSize = 500;
const topic = 'homeroom.family.v1';
const payload = Buffer.from(
  JSON.stringify({ familyId: '0199f2a0-0000-7000-8000-000000000001', name: 'x'.repeat(400) }),
);
const headers = {
  ce_specversion: '1.0',
  ce_type: 'homeroom.family.changed.v1',
  ce_source: '/bench',
  'content-type': 'application/json',
};

/** Rows per second through the relay, without a broker and with one, against the Kafka client alone. */
export async function measureRelay(
  brokers: string[],
  rounds: number,
  say: (text: string) => void,
): Promise<RelaySample[]> {
  const topicPrefix = `bench-${randomBytes(4).toString('hex')}.`;
  const database = await createTestDatabase('families');
  const kafka = openKafka({ brokers, clientId: 'bench', topicPrefix });
  const bare = new BareKafka({ brokers, clientId: 'bench-bare', logLevel: logLevel.NOTHING }).producer({
    idempotent: true,
  });
  const samples: RelaySample[] = [];
  const note = (what: RelaySample['what'], round: number, seconds: number): void => {
    samples.push({ what, round, rowsPerSecond: rows / seconds });
    say(roundLine(round, what, [rows / seconds, 'rows/s']));
  };
  try {
    await kafka.ensureTopics([{ topic, partitions: 6 }]);
    await bare.connect();
    const producer = await kafka.producer();
    const nowhere: Pick<Producer, 'send'> = { send: () => Promise.resolve() };
    for (let round = 1; round <= rounds; round++) {
      note('relay, no broker', round, await drain(database.url, nowhere));
      note('relay to Kafka', round, await drain(database.url, producer));
      note('bare client to Kafka', round, await sendBare(bare, topicPrefix + topic));
    }
    return samples;
  } finally {
    await bare.disconnect();
    await kafka.close();
    await database.drop();
  }
}

/** @returns seconds from a full outbox to an empty one. */
async function drain(url: string, producer: Pick<Producer, 'send'>): Promise<number> {
  await withClient(url, async (client) => {
    await client.query(
      `insert into outbox (id, topic, key, headers, payload)
       select gen_random_uuid(), $2, (n % 1000)::text, $3, $4 from generate_series(1, $1::int) n`,
      [rows, topic, headers, payload],
    );
    await client.query('vacuum analyze outbox');
  });
  const stop = new AbortController();
  const { promise: drained, resolve, reject } = Promise.withResolvers<undefined>();
  let published = 0;
  const relay = createRelay({
    url,
    producer,
    lockName: 'bench',
    batchSize,
    onEvent: (event) => {
      if (event.type === 'published') published += event.count;
      if (event.type === 'publish-failed' || event.type === 'connection-lost') reject(event.error);
      if (published >= rows) resolve(undefined);
    },
  });
  const began = performance.now();
  void relay.run(stop.signal);
  await drained.finally(() => stop.abort());
  return (performance.now() - began) / 1000;
}

async function sendBare(producer: ReturnType<BareKafka['producer']>, physicalTopic: string): Promise<number> {
  const began = performance.now();
  for (let sent = 0; sent < rows; sent += batchSize) {
    const messages = Array.from({ length: batchSize }, (_, n) => ({
      key: String((sent + n) % 1000),
      headers,
      value: payload,
    }));
    await producer.send({ topic: physicalTopic, acks: -1, messages });
  }
  return (performance.now() - began) / 1000;
}
