/**
 * A relay in a process of its own, for tests that kill it. With KILL_AFTER_SENDS=n it kills itself, as SIGKILL does, right
 * after the broker has acknowledged the n-th batch: published, not yet deleted.
 */
import { openKafka } from '@homeroom/kafka';
import { createRelay } from '@homeroom/outbox';

const { DATABASE_URL = '', KAFKA_BROKERS = '', TOPIC_PREFIX = '', KILL_AFTER_SENDS = '0' } = process.env;
const kafka = openKafka({ brokers: KAFKA_BROKERS.split(','), clientId: 'relay-process', topicPrefix: TOPIC_PREFIX });
const producer = await kafka.producer();
let sends = 0;
const relay = createRelay({
  url: DATABASE_URL,
  lockName: 'families',
  batchSize: 25,
  lockPollMs: 20,
  producer: {
    async send(messages) {
      await producer.send(messages);
      if (++sends === Number(KILL_AFTER_SENDS)) process.kill(process.pid, 'SIGKILL');
    },
  },
});
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
await relay.run(ending.signal);
await kafka.close();
