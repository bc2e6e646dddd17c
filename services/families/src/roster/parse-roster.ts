import { text } from '@homeroom/chassis';
import { dateCell, parseRow, readTable, type Columns, type Rejected, type Table } from '@homeroom/csv';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { isOwnEmail } from '../credentials/password-rules.ts';
import { email, newPassword, ownEmailRefused } from '../credentials/schemas.ts';
import { birthDate } from '../families/schemas.ts';
import type { Address, Child } from '../families/family.ts';

/** The columns of a roster: one row per child, or one for a family without children. */
const columns = {
  guardian_email: { required: true, synonyms: ['email', 'parent email'] },
  guardian_name: { required: true, synonyms: ['guardian', 'parent', 'parent name'] },
  family_name: { required: true, synonyms: ['family', 'last name', 'surname'] },
  guardian_phone: { synonyms: ['phone', 'mobile', 'telephone', 'parent phone'] },
  street: { synonyms: ['address', 'street address'] },
  city: { synonyms: ['town'] },
  postal_code: { synonyms: ['zip', 'zip code', 'postcode'] },
  latitude: { synonyms: ['lat'] },
  longitude: { synonyms: ['lon', 'lng'] },
  child_name: { synonyms: ['child', 'student', 'student name'] },
  child_birth_date: { synonyms: ['birth date', 'birthday', 'date of birth', 'dob', 'child birthday'], date: true },
  password: {},
} as const satisfies Columns<string>;

type Column = keyof typeof columns;

const names = Object.keys(columns) as Column[];
const isRequired = (name: Column): boolean => 'required' in columns[name];
export const rosterColumns = {
  required: names.filter(isRequired),
  optional: names.filter((name) => !isRequired(name)),
};

const degrees = (limit: number) =>
  z
    .string()
    .regex(/^-?\d{1,3}(\.\d{1,12})?$/, 'must be degrees, 44.9778')
    .transform(Number)
    .refine((value) => Math.abs(value) <= limit, `must be between -${limit} and ${limit}`);

/** Cells by column; an empty cell is an absent one. */
const cells = z
  .object({
    guardian_email: email,
    guardian_name: text(200),
    family_name: text(200),
    guardian_phone: text(40).optional(),
    street: text(200).optional(),
    city: text(200).optional(),
    postal_code: text(20).optional(),
    latitude: degrees(90).optional(),
    longitude: degrees(180).optional(),
    child_name: text(200).optional(),
    child_birth_date: dateCell.pipe(birthDate).optional(),
    password: newPassword.optional(),
  })
  .superRefine((row, ctx) => {
    const together = (one: keyof typeof row, other: keyof typeof row): void => {
      if ((row[one] === undefined) !== (row[other] === undefined)) {
        const missing = row[one] === undefined ? one : other;
        ctx.addIssue({ code: 'custom', path: [missing], message: `${one} and ${other} come together` });
      }
    };
    if (row.password !== undefined && isOwnEmail(row.password, row.guardian_email)) {
      ctx.addIssue({ code: 'custom', path: ['password'], message: ownEmailRefused });
    }
    together('latitude', 'longitude');
    together('child_name', 'child_birth_date');
  });

export interface RosterRow {
  /** Where the row ends in the file; the header is on line 1. */
  readonly line: number;
  readonly familyName: string;
  readonly guardian: { readonly name: string; readonly email: string; readonly phone?: string | undefined };
  readonly address: Address | undefined;
  readonly child: Omit<Child, 'id'> | undefined;
  readonly password: string | undefined;
}

export interface Roster extends Pick<Table<Column>, 'encoding' | 'delimiter' | 'ignoredColumns'> {
  readonly rows: readonly RosterRow[];
  readonly rejected: readonly Rejected[];
}

/**
 * Reads a roster: its good rows, and its bad ones with line, column, and reason.
 * @throws {UnreadableCsvError} when the file as a whole makes no sense.
 */
export async function parseRoster(bytes: Buffer, maxRows?: number): Promise<Roster> {
  const table = await readTable(bytes, { columns, ...(maxRows === undefined ? {} : { maxRows }) });
  const rows: RosterRow[] = [];
  const rejected = [...table.rejected];
  for (const [index, given] of table.rows.entries()) {
    // tens of thousands of rows are a second of work: other requests get their turns
    if (index % 200 === 199) await setImmediate();
    const parsed = parseRow(cells, given, ['password']);
    if ('reason' in parsed) rejected.push(parsed);
    else rows.push(toRow(parsed.line, parsed.data));
  }
  return { ...table, rows, rejected: rejected.sort((a, b) => a.line - b.line) };
}

function toRow(line: number, data: z.infer<typeof cells>): RosterRow {
  const { street, city, postal_code: postalCode, latitude, longitude, child_name, child_birth_date, ...row } = data;
  const address = { street, city, postalCode, latitude, longitude };
  return {
    line,
    familyName: row.family_name,
    guardian: { name: row.guardian_name, email: row.guardian_email, phone: row.guardian_phone },
    address: Object.values(address).every((part) => part === undefined) ? undefined : address,
    child:
      child_name === undefined || child_birth_date === undefined
        ? undefined
        : { name: child_name, birthDate: child_birth_date },
    password: row.password,
  };
}
