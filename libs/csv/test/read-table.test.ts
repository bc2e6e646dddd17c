import { describe, expect, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { Columns } from '../src/columns.ts';
import { UnreadableCsvError } from '../src/errors.ts';
import { readRows } from '../src/index.ts';
import { readTable } from '../src/read-table.ts';

const columns = {
  guardian_email: { cell: z.string(), synonyms: ['email'] },
  name: { cell: z.string() },
  born: { cell: z.string().optional(), date: true },
  password: { cell: z.string().optional(), secret: true },
} as const satisfies Columns<string>;

const read = (text: string | Buffer, maxRows?: number) =>
  readTable(Buffer.from(text), { columns, ...(maxRows === undefined ? {} : { maxRows }) });
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');

describe('D12: files as spreadsheets write them', () => {
  const csv = 'email,name\na@x.example,Inês\n';
  test.each([
    ['utf-8', Buffer.from(csv)],
    ['utf-8', Buffer.from(`\ufeff${csv}`)],
    ['utf-16le', utf16(csv)],
    ['utf-16be', utf16(csv).swap16()],
    ['windows-1252', Buffer.from(csv, 'latin1')],
  ])('are read as %s', async (encoding, bytes) => {
    const table = await read(bytes);
    expect([table.encoding, table.rows]).toEqual([
      encoding,
      [{ line: 2, cells: { guardian_email: 'a@x.example', name: 'Inês' } }],
    ]);
  });

  test('one broken byte does not turn a file of UTF-8 into another encoding: its row is rejected', async () => {
    const bytes = Buffer.concat([
      Buffer.from('email,name\na,Zoë\nb,José\nc,Jos'),
      Buffer.from([0xe9]),
      Buffer.from('\n'),
    ]);
    const { encoding, rows, rejected } = await read(bytes);
    expect(encoding).toBe('utf-8');
    expect(rows.map(({ cells }) => cells.name)).toEqual(['Zoë', 'José']);
    expect(rejected).toMatchObject([{ line: 4, field: 'name', reason: expect.stringContaining('cannot be read') }]);
  });

  test('an unmatched surrogate in UTF-16 is rejected with its row', async () => {
    const { rows, rejected } = await read(utf16('email,name\na,B\ud83c\nc,D\n'));
    expect(rows).toHaveLength(1);
    expect(rejected).toMatchObject([{ line: 2, field: 'name' }]);
  });

  test.each([
    ['comma', 'email,name\na,"B, C"\n'],
    ['semicolon', 'email;name\na;B, C\n'],
    ['tab', 'email\tname\na\tB, C\n'],
    ['semicolon', 'sep=;\r\nemail;name\r\na;B, C\r\n'],
  ])('are separated by %s', async (delimiter, text) => {
    const table = await read(text);
    expect([table.delimiter, table.rows[0]?.cells]).toEqual([delimiter, { guardian_email: 'a', name: 'B, C' }]);
  });

  test('a blank cell at either end of a row of tabs stays a cell', async () => {
    const { rows } = await read('born\temail\tname\tpassword\n\ta\tB\t\n');
    expect(rows[0]?.cells).toEqual({ guardian_email: 'a', name: 'B' });
  });

  test.each(['Guardian Email', 'GUARDIAN_EMAIL', 'guardian-email', ' E-Mail '])(
    'have headers such as %s',
    async (name) => {
      expect((await read(`${name},Name\na,B\n`)).rows[0]?.cells).toEqual({ guardian_email: 'a', name: 'B' });
    },
  );

  test('have columns that are ignored and listed, with what may be meant', async () => {
    const { rows, ignoredColumns } = await read('email,name,Pasword,Shoe size,\na,B,secret,38,\n');
    expect(ignoredColumns).toEqual([{ name: 'Pasword', didYouMean: 'password' }, { name: 'Shoe size' }]);
    expect(rows[0]?.cells).toEqual({ guardian_email: 'a', name: 'B' });
  });

  test.each([
    ['email,nmae\na,B\n', 'The column name is missing. Rename "nmae" if it is meant.'],
    [
      'email,name,Guardian Email\n',
      'More than one column is guardian_email: "email", "Guardian Email". Remove all but one.',
    ],
    ['', 'The column guardian_email is missing. The column name is missing.'],
    ['PK\u0003\u0004…', 'This is an Excel workbook. Save it as CSV UTF-8 first.'],
  ])('are refused as a whole: %j', async (text, message) => {
    await expect(read(text)).rejects.toThrow(new UnreadableCsvError(message));
  });

  test('have blank rows, which are skipped, and lines are counted all the same', async () => {
    const { rows } = await read('\n,,\nemail,name\n,\n \n;a,B\n,,\n');
    expect(rows).toEqual([{ line: 6, cells: { guardian_email: ';a', name: 'B' } }]);
  });

  test('have bad rows, which are reported with line, column, and reason', async () => {
    const long = 'x'.repeat(10_001);
    const { rows, rejected } = await read(`email,name\na\na,b,c\na,"b" c\na,b\0\na,${long}\ngood,one,,\n`);
    expect(rows).toEqual([{ line: 7, cells: { guardian_email: 'good', name: 'one' } }]);
    expect(rejected).toEqual([
      { line: 2, reason: 'has 1 cells where the header has 2. Put a cell that contains the delimiter in quotes.' },
      { line: 3, reason: 'has 3 cells where the header has 2. Put a cell that contains the delimiter in quotes.' },
      { line: 4, field: 'name', reason: expect.stringContaining('has a quote out of place') },
      { line: 5, field: 'name', reason: expect.stringContaining('contains control characters') },
      { line: 6, field: 'name', reason: 'has more than 10,000 characters. Shorten it.' },
    ]);
  });

  test('cells are reported cut short, and those of a secret column never', async () => {
    const long = z.object({ name: z.string().max(3, 'is too long'), password: z.string().max(3, 'is too long') });
    const bytes = Buffer.from(`email,name,password\na,${'x'.repeat(90)},b\na,b,hush\n`);
    expect(await readRows({ bytes }, { columns, schema: long })).toMatchObject({
      rows: [],
      rejected: [
        { line: 2, field: 'name', reason: 'is too long', value: 'x'.repeat(60) },
        { line: 3, field: 'password', reason: 'is too long' },
      ],
    });
  });

  test('have a bounded number of rows, and other work gets its turns meanwhile', async () => {
    await expect(read('email,name\na,b\nc,d\ne,f\n', 2)).rejects.toThrow('The file has more than 2 rows. Split it.');
    let turns = 0;
    const state = { done: false };
    const reading = read(`email,name\n${'someone@example.org,Someone\n'.repeat(40_000)}`).finally(
      () => (state.done = true),
    );
    while (!state.done) {
      turns += 1;
      await setImmediate();
    }
    expect((await reading).rows).toHaveLength(40_000);
    expect(turns).toBeGreaterThan(10);
  });
});
