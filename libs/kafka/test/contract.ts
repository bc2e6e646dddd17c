import type { OpenKafka } from './harness.ts';
import { consumerContract } from './contract-consumer.ts';
import { faultContract } from './contract-faults.ts';
import { poisonContract } from './contract-poison.ts';
import { producerContract } from './contract-producer.ts';
import { topicContract } from './contract-topics.ts';

// What Homeroom needs from a Kafka client. A second one is good enough when it passes both halves; they are two so that
// they can run side by side, for the second mostly waits.

export function kafkaContract(open: OpenKafka): void {
  topicContract(open);
  producerContract(open);
  consumerContract(open);
  poisonContract(open);
}

export { faultContract as kafkaFaultContract };
