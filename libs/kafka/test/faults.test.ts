import { jest } from '@jest/globals';
import { openKafka } from '@homeroom/kafka';
import { kafkaFaultContract } from './contract.ts';

jest.setTimeout(60_000);

kafkaFaultContract(openKafka);
