import { describe, expect, test } from '@jest/globals';
import { openRepository } from '../src/documents.ts';
import { openNamed, patternFaults, readPatterns, type Named } from '../src/patterns.ts';
import { read } from '../src/repository.ts';

const patterns = readPatterns(read('docs/patterns.md'));
const named = openNamed(openRepository());

describe('docs/patterns.md', () => {
  test('has patterns', () => {
    expect(patterns.length).toBeGreaterThan(50);
  });

  test.each(patterns)('$name: every field is filled, and every name exists', (pattern) => {
    expect(patternFaults(pattern, named)).toEqual([]);
  });
});

describe('a pattern', () => {
  const section = `## Group

### Rate limit

- Where: \`src/limit.ts\`
- Switch: \`LIMIT\` (\`max\`), \`gateway.limit\`
- Metric: \`limited_total\`
- See it: \`npm start\`
- Test: \`test/limit.test.ts\` › the third is
  refused
- Control: \`test/limit.test.ts\` › without the limit it passes

## Next group
`;
  const planted: Named = {
    files: ['src/limit.ts', 'test/limit.test.ts', 'test/other.test.ts'],
    read: (file) =>
      file === 'test/limit.test.ts'
        ? "testWithSwitch('the third is refused', { name: 'LIMIT', on: 2 }, open); test('without the limit it passes', () => {});"
        : "test('the third is refused', () => {}); testWithSwitch('it is noted', { name: 'LIMIT' }, open);",
    sources: 'LIMIT: number; max',
    values: [{ gateway: { limit: 1 } }],
    exportsMetric: (name) => name === 'limited_total',
  };
  const faults = (from = '', to = ''): string[] =>
    readPatterns(section.replace(from, to)).flatMap((pattern) => patternFaults(pattern, planted));

  test('that is complete is accepted, with a reason for what it does not have too', () => {
    expect(faults()).toEqual([]);
    expect(faults('`limited_total`', 'none: refusals are only logged')).toEqual([]);
    expect(faults('`test/limit.test.ts` › without the limit it passes', 'in the test')).toEqual([]);
  });

  const unswitched = 'No test is declared with testWithSwitch and LIMIT or max or gateway.limit';
  test.each([
    ['without a metric', '- Metric: `limited_total`\n', '', 'Metric is empty'],
    ['with an empty field', '`npm start`', '', 'See it is empty'],
    ['without a reason', '`limited_total`', 'none', 'Metric is empty'],
    ['in a file that is missing', 'src/limit.ts', 'src/missing.ts', 'src/missing.ts does not exist'],
    ['with another variable', '`LIMIT`', '`MISSING`', 'Nothing reads MISSING'],
    ['with another value', 'gateway.limit', 'gateway.missing', 'Nothing reads gateway.missing'],
    ['with another metric', 'limited_total', 'missing_total', 'Nothing exports missing_total'],
    ['with a renamed test', 'refused', 'accepted', 'test/limit.test.ts has no test “the third is accepted”'],
    ['with part of a title', 'the third is\n  refused', 'the third', 'test/limit.test.ts has no test “the third”'],
    ['whose test keeps the switch on', 'limit.test.ts` › the', 'other.test.ts` › the', unswitched],
    ['whose test has another switch', '`LIMIT` (`max`), ', '', unswitched.replace('LIMIT or max or ', '')],
  ])('%s is found', (_what, from, to, fault) => {
    expect(faults(from, to)).toEqual([fault]);
  });
});
