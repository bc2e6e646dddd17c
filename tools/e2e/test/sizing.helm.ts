// The sizing table of k8s/README.md is what the charts ask for.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts } from '../src/render.ts';
import { connections, cores, gibibytes, sizes } from '../src/sizing.ts';

const readme = readFileSync(join(charts, '..', 'k8s', 'README.md'), 'utf8').replaceAll(/ +\|/g, ' |');
const autoscaling = { 'global.autoscaling.enabled': true };
const production = ['values-production.yaml'];

const rows: [words: string, values: Record<string, unknown>, files: string[]][] = [
  ['the chart’s own, with its data tier', {}, []],
  ['and `global.autoscaling.enabled=true`', autoscaling, []],
  ['`values-production.yaml`', {}, production],
];

const range = (least: number, most: number, digits: number): string =>
  least === most ? least.toFixed(digits) : `${least.toFixed(digits)} to ${most.toFixed(digits)}`;

test.each(rows)('%s', (words, values, files) => {
  const { least, most } = sizes(values, files);
  const pods = range(least.pods, most.pods, 0);
  const cpu = range(least.cpu, most.cpu, 1);
  const memory = `${range(least.memoryGiB, most.memoryGiB, 1)} GiB`;
  const row = `| ${words.replace('’', "'")} | ${pods} | ${cpu} | ${memory} | ${connections(values, files)} |`;
  expect(readme.split('\n').map((line) => line.replaceAll(/ +\|/g, ' |'))).toContain(row);
});

describe('the sums follow the values', () => {
  test('a pod more is a pod, its requests and its pool more', () => {
    const [before, after] = [sizes({}), sizes({ 'families.api.replicas': 3 })];
    expect(after.least.pods).toBe(before.least.pods + 1);
    expect(after.least.cpu).toBeCloseTo(before.least.cpu + 0.05);
    expect(connections({ 'families.api.replicas': 3 })).toBe(connections({}) + 3);
  });

  test('quantities as Kubernetes writes them', () => {
    expect([cores('50m'), cores('2'), cores(0.5), gibibytes('512Mi'), gibibytes('2Gi')]).toEqual([
      0.05, 2, 0.5, 0.5, 2,
    ]);
    expect(() => gibibytes('1G')).toThrow('neither in Mi nor in Gi');
  });
});
