import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkout } from '../src/options/options.ts';

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: checkout })
  .toString()
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(checkout, file)));
const read = (file: string): string => readFileSync(join(checkout, file), 'utf8');

/** `[text](target)` outside of code, without those that lead out of the repository. */
function links(markdown: string): string[] {
  const prose = markdown.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\((?<target>[^)\s]+)\)/g)]
    .map(({ groups }) => groups?.['target'] ?? '')
    .filter((target) => !/^[a-z]+:|^#/.test(target));
}

describe('documents', () => {
  test.each(tracked.filter((file) => file.endsWith('.md')))('%s links to what exists', (file) => {
    const broken = links(read(file)).filter(
      (target) => !existsSync(join(checkout, dirname(file), target.replace(/#.*/, ''))),
    );
    expect(broken).toEqual([]);
  });

  test('a link that leads nowhere is found', () => {
    expect(links('see [this](gone.md), not [that](https://example.org) nor `[code](x)`')).toEqual(['gone.md']);
  });
});

describe('docs/patterns.md', () => {
  // values of the charts stand where their tests set them
  const sources = tracked
    .filter((file) => /^(libs|services|tools|bench)\/.*\.(ts|mjs)$/.test(file))
    .filter((file) => file.startsWith('tools/e2e/') || !file.includes('/test/'))
    .map(read)
    .join('\n');
  const quoted = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text ?? '');
  const rows = read('docs/patterns.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| pattern'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .map(([, pattern = '', where, switches, metrics, seen, proof = '']) => ({
      pattern,
      where,
      switches,
      metrics,
      seen,
      proof,
    }));

  test('has rows', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  test.each(rows)(
    '$pattern: file, switch, metric, demo and test are there',
    ({ where, switches, metrics, seen, proof }) => {
      const demos = quoted(seen)
        .filter((command) => command.startsWith('k8s/demos/'))
        .map((command) => command.split(' ')[0]!);
      for (const file of [...quoted(where), ...demos])
        expect([file, existsSync(join(checkout, file))]).toEqual([file, true]);
      for (const name of [...quoted(switches), ...quoted(metrics)]) {
        const bare = name.replace(/^--/, '');
        expect([name, sources.includes(bare)]).toEqual([name, true]);
      }
      const [file] = quoted(proof);
      if (file === undefined) return;
      const promise = proof.split('›')[1]?.trim() ?? '';
      expect([file, promise, read(file).includes(promise)]).toEqual([file, promise, true]);
    },
  );
});
