import { describe, expect, test } from '@jest/globals';
import { circleFaults, readImports, type Import } from '../src/imports.ts';
import { layerFaults } from '../src/layers.ts';

const imports = readImports();
const parse = (...edges: string[]): Import[] =>
  edges.map((edge) => {
    const [from = '', to = ''] = edge.split(' → ');
    return { from, to };
  });

test('the imports of the repository are found', () => {
  expect(imports.length).toBeGreaterThan(1_000);
  expect(imports).toContainEqual({ from: 'tools/checks/src/main.ts', to: 'tools/checks/src/imports.ts' });
});

describe('layers', () => {
  test('hold in this repository', () => {
    expect(layerFaults(imports)).toEqual([]);
  });

  test.each([
    'libs/resilience/src/a.ts → libs/redis/src/index.ts',
    'libs/chassis/src/a.ts → libs/postgres/src/index.ts',
    'libs/kafka/src/a.ts → libs/chassis/src/index.ts',
    'libs/cache/src/a.ts → services/families/src/a.ts',
    'services/families/src/a.ts → services/enrollment/src/a.ts',
    'services/families/src/a.ts → libs/testing/src/index.ts',
    'services/families/test/a.ts → tools/stack/src/a.ts',
    'tools/journey/src/a.ts → tools/stack/src/a.ts',
    'apps/sandbox/src/a.ts → tools/stack/src/a.ts',
  ])('refuse %s', (edge) => {
    expect(layerFaults(parse(edge))).toEqual([edge.replace('→', 'imports')]);
  });

  test.each([
    'libs/kafka/test/a.ts → libs/chassis/src/index.ts',
    'services/families/src/a.ts → libs/outbox/src/index.ts',
    'services/families/test/a.ts → libs/testing/src/index.ts',
    'tools/stack/src/a.ts → tools/journey/src/a.ts',
    'bench/a.ts → services/enrollment/src/a.ts',
  ])('allow %s', (edge) => {
    expect(layerFaults(parse(edge))).toEqual([]);
  });

  test('include every package', () => {
    expect(layerFaults(parse('tools/other/src/a.ts → libs/redis/src/index.ts'))).toEqual(['tools/other has no layer']);
  });
});

describe('import circles', () => {
  test('do not exist in this repository', () => {
    expect(circleFaults(imports)).toEqual([]);
  });

  test('of files are found, through other files too', () => {
    expect(circleFaults(parse('s/a.ts → s/b.ts', 's/b.ts → s/c.ts', 's/c.ts → s/a.ts', 's/d.ts → s/a.ts'))).toEqual([
      'Import circle: s/a.ts, s/b.ts, s/c.ts',
    ]);
  });

  test('of folders are found where no file is in a circle', () => {
    const edges = parse('s/one/a.ts → s/two/b.ts', 's/two/c.ts → s/one/d.ts');
    expect(circleFaults(edges)).toEqual(['Import circle: s/one, s/two']);
  });

  test('do not include a folder and the files above it', () => {
    expect(circleFaults(parse('s/app.ts → s/one/a.ts', 's/one/a.ts → s/errors.ts'))).toEqual([]);
  });
});
