import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { summary } from '../src/check-steps.ts';
import { jestArguments } from '../src/jest-run.ts';
import { checkout } from '../src/options/options.ts';

describe('paths of npm test', () => {
  test('are found from where they were typed, and from the root', () => {
    const here = join(checkout, 'tools', 'stack');
    expect(jestArguments(['test/ports.test.ts'], checkout, here)).toEqual([join(here, 'test/ports\\.test\\.ts')]);
    expect(jestArguments(['tools/stack'], checkout, here)).toEqual([here]);
  });

  test('leave flags and patterns to Jest', () => {
    expect(jestArguments(['-t', 'never oversells', 'no-such-file'], checkout, checkout)).toEqual([
      '-t',
      'never oversells',
      'no-such-file',
    ]);
  });
});

describe('the summary', () => {
  test('ends with one plain line that sums all steps', () => {
    const step = (name: string, passed: number, failed: number) => ({ name, seconds: 1.25, passed, failed });
    const lines = summary([step('lint', 1, 0), step('jest', 40, 2)]).split('\n');
    expect(lines.at(-1)).toBe('41 passed, 2 failed');
    expect(lines[2]).toMatch(/^ {2}jest +40 +2 +1\.[23]$/);
  });

  test('names each failed test', () => {
    const failures = ['libs/kafka/test/kafkajs.test.ts: a rebalance loses nothing'];
    const lines = summary([{ name: 'jest', seconds: 1, passed: 39, failed: 1, failures }]).split('\n');
    expect(lines.slice(-3)).toEqual([
      '  ✗ libs/kafka/test/kafkajs.test.ts: a rebalance loses nothing',
      '',
      '39 passed, 1 failed',
    ]);
  });
});
