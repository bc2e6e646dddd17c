import { expect, test } from '@jest/globals';
import { createRequire } from 'node:module';
import { translate } from '../src/errors.ts';

// the client's own table of the protocol, which has no types
const { createErrorFromCode } = createRequire(import.meta.url)('kafkajs/src/protocol/error.js') as {
  createErrorFromCode: (code: number) => Error;
};

test.each([
  [5, 'LEADER_NOT_AVAILABLE'],
  [14, 'GROUP_LOAD_IN_PROGRESS'],
  [15, 'GROUP_COORDINATOR_NOT_AVAILABLE'],
  [16, 'NOT_COORDINATOR_FOR_GROUP'],
  [19, 'NOT_ENOUGH_REPLICAS'],
  [41, 'NOT_CONTROLLER'],
])('the broker’s answer %i, %s, is temporary', (code, type) => {
  const error = createErrorFromCode(code);
  expect(error).toMatchObject({ type });
  expect(translate(error, 'sending').name).toBe('KafkaUnavailableError');
});

test.each([
  [3, 'UNKNOWN_TOPIC_OR_PARTITION'],
  [10, 'MESSAGE_TOO_LARGE'],
])('the broker’s answer %i, %s, is a refusal', (code, type) => {
  expect(translate(createErrorFromCode(code), 'sending')).toMatchObject({ name: 'KafkaRefusedError', code: type });
});
