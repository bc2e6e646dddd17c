import { jest } from '@jest/globals';
import { openKafka } from '@homeroom/kafka';
import { kafkaContract } from './contract.ts';

jest.setTimeout(60_000);

kafkaContract(openKafka);
