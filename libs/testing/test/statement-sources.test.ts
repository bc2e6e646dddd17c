import { expect, test } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import { statementSources } from '../src/statement-sources.ts';

/** What the code of each statement evaluates to, after the file's own constants. */
const evaluated = (source: string, constants: Record<string, unknown> = {}): unknown[] =>
  statementSources('store.ts', source).map(({ code }) =>
    code === undefined ? 'depends on arguments' : (runInNewContext(code, constants) as unknown),
  );

test('a statement is found wherever it is written, with its line and its declaration', () => {
  const source = `
    import { columns } from './columns.ts';
    export const find = (db: Queryable, id: string) => db.query({ name: 'find', text: 'select 1', values: [id] });
    export async function both(db: Queryable): Promise<void> {
      await db.query({ text: \`select \${columns} from a\`, name: 'first' });
      if (true) await db.query<{ id: string }>({ 'name': 'second', text: ('select 2' as const) });
    }
    const statements = { one: { name: 'one', text: join('a') }, two: { name: 'two', text: 'select 3' } } as const;
    export class Store { async save() { return this.db.query({ name: 'save', text: 'select 4' }); } }
    export default { name: 'default', text: 'select 5' };`;
  expect(statementSources('store.ts', source).map(({ line, within }) => [line, within])).toEqual([
    [3, 'find'],
    [5, 'both'],
    [6, 'both'],
    [8, 'statements'],
    [8, 'statements'],
    [9, 'Store'],
    [10, 'the module'],
  ]);
  expect(
    evaluated(source.replace(' as const)', ')'), { columns: 'x, y', join: (name: string) => `join ${name}` }),
  ).toEqual([
    { name: 'find', text: 'select 1' },
    { name: 'first', text: 'select x, y from a' },
    { name: 'second', text: 'select 2' },
    { name: 'one', text: 'join a' },
    { name: 'two', text: 'select 3' },
    { name: 'save', text: 'select 4' },
    { name: 'default', text: 'select 5' },
  ]);
});

test('constants of the function around it are part of it', () => {
  const source = `async function lock(trx) {
    const table = 'classes';
    const text = \`lock table \${table}\`;
    await trx.query({ name: 'lock', text });
  }`;
  expect(evaluated(source)).toEqual([{ name: 'lock', text: 'lock table classes' }]);
});

test('what is called with query is a statement although its name comes from another object', () => {
  const source = `const find = { name: 'find' }; const run = (db) => db.query({ ...find, text: 'select 1' });`;
  expect(evaluated(source, { find: { name: 'find' } })).toEqual([{ name: 'find', text: 'select 1' }]);
});

test.each([
  ['a parameter', `const find = (db, table) => db.query({ name: 'find', text: \`select from \${table}\` })`],
  ['a destructured parameter', `const find = (db, { unread }) => db.query({ name: 'find', text: unread ? 'a' : 'b' })`],
  [
    'a parameter that hides a constant',
    `const table = 'a'; function find(table) { query({ name: 'find', text: table }) }`,
  ],
  ['a parameter in its name', `const find = (db, table) => db.query({ name: \`of_\${table}\`, text: 'select 1' })`],
  ['a parameter by way of a constant', `const find = (db, a) => { const b = a; db.query({ name: 'find', text: b }) }`],
  [
    'conditions that are pushed',
    `const find = (db) => { const c = ['a']; c.push('b'); db.query({ name: 'find', text: c.join() }) }`,
  ],
  ['a variable', `const find = (db) => { let text = 'a'; text += 'b'; db.query({ name: 'find', text }) }`],
  [
    'the parameter of a function around it',
    `const store = (table) => ({ find: (db) => db.query({ name: 'find', text: table }) })`,
  ],
  ['a field', `class Store { find() { query({ name: 'find', text: this.text }) } }`],
])('a text that depends on %s needs a call', (_, source) => {
  expect(evaluated(source)).toEqual(['depends on arguments']);
});

test.each([
  ['an object of another kind', `send({ subject: 'a', text: 'b' })`],
  ['a type', `interface Statement { name: 'find'; text: 'select 1' }`],
  ['an object that is put together', `const item = ({ text, ...place }) => ({ ...place, text })`],
])('%s is no statement', (_, source) => {
  expect(evaluated(source)).toEqual([]);
});

test('a file that is no TypeScript is an error', () => {
  expect(() => statementSources('store.ts', 'const = 1')).toThrow('store.ts cannot be parsed');
});
