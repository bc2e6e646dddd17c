import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findStale } from '../src/generate.ts';
import { buildSchema } from '../src/schema.ts';
import { table } from '../src/table.ts';
import { readValues, type Schema } from '../src/values.ts';

const charts = join(import.meta.dirname, '../../../charts');

let copy: string;
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'homeroom-values-'));
  cpSync(charts, copy, { recursive: true, verbatimSymlinks: true });
});
afterEach(() => rmSync(copy, { recursive: true }));

const edit = (file: string, from: string, to: string): void => {
  const text = readFileSync(join(copy, file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(copy, file), text.replace(from, to));
};
const stale = async (): Promise<string[]> => (await findStale(copy)).map(({ path }) => path);

test('the generated files are those that `npm run charts` writes', async () => {
  expect(await stale()).toEqual([]);
});

test.each<[string, string, string, string, string[]]>([
  [
    'a global default',
    'global.yaml',
    'rateLimitPerMinute: 100',
    'rateLimitPerMinute: 200',
    ['homeroom/values.yaml', 'service/values.yaml', 'data/values.yaml', 'VALUES.md'],
  ],
  [
    'a constraint',
    'service/values.yaml',
    '@schema minimum: 0, maximum: 300',
    '@schema minimum: 1',
    ['service/values.schema.json'],
  ],
  [
    'a description',
    'data/values.yaml',
    '# -- Kafka in KRaft mode.',
    '# -- Kafka.',
    ['data/values.schema.json', 'VALUES.md'],
  ],
  [
    'a copy of the global values',
    'data/values.yaml',
    'coopName: Homeroom Co-op',
    'coopName: Other',
    ['data/values.yaml'],
  ],
])('an edit of %s is noticed', async (_, file, from, to, expected) => {
  edit(file, from, to);
  expect(await stale()).toEqual(expected);
});

/** Paths of the properties that have no description. */
const undescribed = (node: unknown, path = ''): string[] =>
  typeof node !== 'object' || node === null
    ? []
    : Object.entries(node).flatMap(([key, child]) => [
        ...(path.endsWith('/properties') && !('description' in (child as object)) ? [`${path}/${key}`] : []),
        ...undescribed(child, `${path}/${key}`),
      ]);

test.each(['homeroom', 'service', 'data'])('every property in the schema of %s has a description', (chart) => {
  const schema = JSON.parse(readFileSync(join(copy, chart, 'values.schema.json'), 'utf8')) as Schema;
  expect(undescribed(schema)).toEqual([]);
  expect(undescribed({ properties: { a: { type: 'string' } } })).toEqual(['/properties/a']);
});

const values = (text: string) => readValues('values.yaml', text);
const schemaOf = (text: string, definitions = {}): Schema => buildSchema('t', values(text), definitions);

test('a value without a description is refused', () => {
  expect(() => values('# -- A.\na:\n  # not a description\n  b: 1\n')).toThrow(
    'values.yaml:4: a.b has no description. Add a comment “# -- …” above it.',
  );
});

test('the schema has the types of the defaults and the keywords of the comments', () => {
  const text =
    '# -- A\n# count.\n# @schema minimum: 1\na: 1\n# -- B.\nb:\n  # -- C.\n  c: []\n  # -- D.\n  # @schema type: [string, "null"], optional: true\n  d: null\n';
  expect(schemaOf(text)).toMatchObject({
    additionalProperties: false,
    required: ['a', 'b'],
    properties: {
      a: { type: 'integer', minimum: 1, description: 'A count.' },
      b: {
        type: 'object',
        additionalProperties: false,
        required: ['c'],
        properties: { c: { type: 'array' }, d: { type: ['string', 'null'] } },
      },
    },
  });
});

test('a reference brings its definition, and an unknown one is refused', () => {
  const text = '# -- A.\n# @schema $ref: port\na: 1\n';
  expect(schemaOf(text, { port: { type: 'integer', maximum: 9 }, other: {} })).toMatchObject({
    properties: { a: { $ref: '#/definitions/port' } },
    definitions: { port: { type: 'integer', maximum: 9 } },
  });
  expect(() => schemaOf(text)).toThrow('charts/definitions.yaml has no definition “port”.');
});

test('a value like another has its schema and its descriptions, and may have keys of its own', () => {
  const text =
    '# -- A.\na:\n  # -- X.\n  # @schema minimum: 2\n  x: 2\n# -- B.\n# @schema like: a\nb: { x: 3 }\n# -- C.\n# @schema like: a\nc:\n  x: 4\n  # -- Y.\n  y: ""\n';
  expect(schemaOf(text)['properties']).toMatchObject({
    b: { $ref: '#/properties/a', description: 'B.' },
    c: {
      required: ['x', 'y'],
      properties: { x: { $ref: '#/properties/a/properties/x', description: 'X.' }, y: { type: 'string' } },
    },
  });
  expect(table(values(text))).toContain('| `b.x` | `3` | X. |');
  expect(() => values('# -- B.\n# @schema like: a\nb: 1\n')).toThrow('b is like “a”, which is not above it.');
});
