import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { centsCell, dateCell, readRows, reportOf, rowOf, timeCell, weekdayCell, wholeCell } from '../src/index.ts';

/** A table with a column of every kind. */
const columns = {
  title: { cell: z.string(), synonyms: ['class'] },
  day: { cell: weekdayCell.optional() },
  start: { cell: timeCell.optional(), synonyms: ['start time'] },
  first_day: { cell: dateCell.optional(), date: true },
  price: { cell: centsCell.optional(), synonyms: ['fee'] },
  seats: { cell: wholeCell.optional() },
};

const read = async (given: string | Buffer, options: Partial<Parameters<typeof readRows>[0]> = {}) => {
  const table = await readRows({ bytes: Buffer.from(given), ...options }, { columns, schema: rowOf(columns) });
  if ('kind' in table) throw new Error(table.detail);
  return table;
};
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const chess = { title: 'Chess', day: 'monday' };

/** What a file is, its bytes, and what is read of its first row, or reported of the file. */
const files: readonly [what: string, bytes: string | Buffer, row: object, facts?: object][] = [
  ['commas', 'title,day\nChess,Mon\n', chess, { delimiter: 'comma', encoding: 'utf-8' }],
  ['semicolons', 'title;day\nChess;Mon\n', chess, { delimiter: 'semicolon' }],
  ['tabs', 'title\tday\nChess\tMon\n', chess, { delimiter: 'tab' }],
  ['a sep= line', 'sep=;\r\ntitle;day\r\nChess;Mon\r\n', chess, { delimiter: 'semicolon' }],
  ['a sep= line in capitals, for tabs', 'SEP=\t\r\ntitle\tday\r\nChess\tMon\r\n', chess, { delimiter: 'tab' }],
  ['a byte order mark', '\ufefftitle,day\nChess,Mon\n', chess, { encoding: 'utf-8' }],
  ['a byte order mark and a sep= line', '\ufeffsep=;\ntitle;day\nChess;Mon\n', chess, { delimiter: 'semicolon' }],
  ['UTF-16 LE with a mark', utf16('\ufefftitle\tday\nChess\tMon\n'), chess, { encoding: 'utf-16le', delimiter: 'tab' }],
  ['UTF-16 BE with a mark', utf16('\ufefftitle\tday\nChess\tMon\n').swap16(), chess, { encoding: 'utf-16be' }],
  ['UTF-16 LE without a mark', utf16('title,day\nChess,Mon\n'), chess, { encoding: 'utf-16le' }],
  ['UTF-16 BE without a mark', utf16('title,day\nChess,Mon\n').swap16(), chess, { encoding: 'utf-16be' }],
  ['Windows-1252', Buffer.from('title\nInês\n', 'latin1'), { title: 'Inês' }, { encoding: 'windows-1252' }],
  ['a curly quote of Windows-1252', Buffer.from('title\nIt\x92s\n', 'latin1'), { title: 'It’s' }],
  ['line ends of an old Mac', 'title,day\rChess,Mon\r', chess],
  ['capital headers in another order', 'DAY,Title\nMon,Chess\n', chess],
  ['headers with spaces, and a synonym', ' Start Time ,CLASS\n9:00,Chess\n', { title: 'Chess', start: '09:00' }],
  [
    'unknown columns',
    'title,Mascot,prize\nChess,owl,3\n',
    { title: 'Chess' },
    { ignoredColumns: [{ name: 'Mascot' }, { name: 'prize', didYouMean: 'price' }] },
  ],
  ['empty and comma-only rows', '\n,,\ntitle,day\n,\n   \n\nChess,Mon\n,\n', chess],
  ['a quoted cell with the delimiter', 'title,day\n"Chess, fast",Mon\n', { title: 'Chess, fast', day: 'monday' }],
];

/** A cell as it is written, and as it is read; a sentence when it is refused. */
const cells: readonly [column: keyof typeof columns, written: string, read: unknown][] = [
  ['first_day', '2027-01-11', '2027-01-11'],
  ['first_day', '1/11/2027', '2027-01-11'],
  ['first_day', '1-11-2027', '2027-01-11'],
  ['start', '9:00', '09:00'],
  ['start', '9 AM', '09:00'],
  ['start', '9:00 pm', '21:00'],
  ['start', '14:30', '14:30'],
  ['start', '9', 'Unknown time "9". Use a time such as 14:30 or 2:30 PM.'],
  ['price', '$145.00', 14_500],
  ['price', '145', 14_500],
  ['price', '145,00', 14_500],
  ['price', '1,450', 145_000],
  ['price', '1.450', 'Unknown amount "1.450". Use an amount such as 145.00.'],
  ['day', 'Mon', 'monday'],
  ['day', 'THURS.', 'thursday'],
  ['day', 'T', 'Unknown weekday "T". Use a weekday such as Monday.'],
  ['seats', 'many', 'Unknown number "many". Use a whole number such as 12.'],
];

describe('a table as people send it', () => {
  test.each(files)('with %s', async (_, bytes, row, facts = {}) => {
    const table = await read(bytes);
    expect(table.rejected).toEqual([]);
    expect(table.rows.map(({ data }) => data)).toEqual([row]);
    expect(table).toMatchObject(facts);
  });

  test.each(cells)('a cell of %s: %s', async (column, written, expected) => {
    const { rows, rejected } = await read(`title;${column}\nChess;${written}\n`);
    const refused = rejected.map(({ field, value, reason }) => [field, value, reason]);
    if (rows.length > 0) expect(rows[0]?.data[column]).toEqual(expected);
    else expect(refused).toEqual([[column, written, expected]]);
  });

  test.each([
    ['windows-1252', Buffer.from('title\nZoë Żak\n'), 'ZoÃ« Å»ak'],
    ['ISO-8859-1', Buffer.from('title\nInês\n', 'latin1'), 'Inês'],
    ['utf-16be', utf16('title\nInês\n').swap16(), 'Inês'],
    ['utf-8', Buffer.from('\ufefftitle\nInês\n', 'utf16le'), 'Inês'],
  ])(
    'a declared charset, %s, overrules detection, and a byte order mark overrules both',
    async (charset, bytes, title) => {
      expect((await read(bytes, { charset })).rows[0]?.data.title).toBe(title);
    },
  );

  test('a charset that is none of them refuses the file, and says what to do', async () => {
    await expect(read('title\nChess\n', { charset: 'shift_jis' })).rejects.toThrow(
      'Unknown charset "shift_jis". Save the file as UTF-8, or send utf-8, utf-16, or windows-1252.',
    );
  });
});

describe('dates whose year comes last', () => {
  const file = (...days: string[]): string => ['title,first_day', ...days.map((day) => `Chess,${day}`)].join('\n');
  const daysOf = async (days: string[], dates?: 'month-first' | 'day-first') => {
    const table = await read(file(...days), dates === undefined ? {} : { dates });
    return [table.dates, table.rows.map(({ data }) => data.first_day), table.rejected.map(({ line }) => line)];
  };

  test.each([
    ['no such date', ['2027-02-01'], ['year-first', 'detected'], ['2027-02-01']],
    [
      'one that proves the month first',
      ['2/1/2027', '2/13/2027'],
      ['month-first', 'detected'],
      ['2027-02-01', '2027-02-13'],
    ],
    [
      'one that proves the day first',
      ['2/1/2027', '13/2/2027'],
      ['day-first', 'detected'],
      ['2027-01-02', '2027-02-13'],
    ],
    ['none that proves either', ['2/1/2027'], ['month-first', 'assumed'], ['2027-02-01']],
  ])('are read as the file shows: %s', async (_, days, [order, basis], expected) => {
    expect(await daysOf(days)).toEqual([{ order, basis }, expected, []]);
  });

  test('are rejected where they could be either, in a file that has both orders', async () => {
    const [dates, days, rejected] = await daysOf(['13/2/2027', '2/14/2027', '3/4/2027', '2027-05-06']);
    expect([dates, days, rejected]).toEqual([
      { order: 'mixed', basis: 'detected' },
      ['2027-02-13', '2027-02-14', '2027-05-06'],
      [4],
    ]);
  });

  test('are read as the sender says, and those that cannot be are rejected with what to write', async () => {
    expect(await daysOf(['2/1/2027', '13/2/2027'], 'day-first')).toEqual([
      { order: 'day-first', basis: 'given' },
      ['2027-01-02', '2027-02-13'],
      [],
    ]);
    const { rejected } = await read(file('2/1/2027', '13/2/2027'), { dates: 'month-first' });
    expect(rejected).toEqual([
      {
        line: 3,
        field: 'first_day',
        value: '13/2/2027',
        reason:
          'Unknown date "13/2/2027": the dates of this file have the month first. Write 9/8/2026 or 2026-09-08 for 8 September.',
      },
    ]);
  });

  test('are named in the report as they were written, when their day does not exist', async () => {
    const { rejected } = await read(file('31/2/2027', '13/2/2027'));
    expect(rejected).toMatchObject([{ line: 2, value: '31/2/2027' }]);
  });
});

test('a report is bounded, and counts what it does not list', async () => {
  const facts = await read('title\nChess\n');
  const rejected = Array.from({ length: 5_000 }, (_, index) => ({ line: index + 2, reason: 'no' }));
  const report = reportOf({ ...facts, rejected }, { preview: true, rows: [] });
  expect([report.rejectedRows, report.rejected.length, report.rows.length]).toEqual([5_000, 2_000, 2_000]);
});
