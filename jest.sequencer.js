import Sequencer from '@jest/test-sequencer';
import { readFileSync } from 'node:fs';

/** Files that start processes or brokers take longest: they run first, so that no worker is left with one at the end. */
const isLong = /startStack|spawn\(|openKafka|fuzzRoutes|startProgram/;

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const long = new Map(tests.map((test) => [test, isLong.test(readFileSync(test.path, 'utf8'))]));
    return super.sort(tests).sort((left, right) => Number(long.get(right)) - Number(long.get(left)));
  }
}
