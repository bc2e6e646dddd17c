import { text } from '@homeroom/chassis';
import { parse } from 'csv-parse/sync';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { isOwnEmail } from '../accounts/password-rules.ts';
import { email, newPassword, ownEmailRefused } from '../accounts/schemas.ts';
import { birthDate } from '../children/schemas.ts';
import type { Address, Child } from '../families/family.ts';

/** The columns of a roster: one row per child, or one for a family without children. */
export const rosterColumns = {
  required: ['guardian_email', 'guardian_name', 'family_name'],
  optional: [
    'guardian_phone',
    'street',
    'city',
    'postal_code',
    'latitude',
    'longitude',
    'child_name',
    'child_birth_date',
    'password',
  ],
} as const;

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
    child_birth_date: birthDate.optional(),
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

export interface Rejected {
  readonly line: number;
  /** The column, when one is to blame. */
  readonly field?: string;
  readonly reason: string;
}

/** The file as a whole makes no sense. */
export class UnreadableRosterError extends Error {
  override readonly name = 'UnreadableRosterError';
}

/**
 * Reads a roster: its good rows, and its bad ones with line and reason.
 * @throws {UnreadableRosterError} when it is not UTF-8, or its header lacks a column or has an unknown one.
 */
export async function parseRoster(bytes: Buffer): Promise<{ rows: RosterRow[]; rejected: Rejected[] }> {
  const rejected: Rejected[] = [];
  const records = parse(decode(bytes), {
    bom: true,
    ltrim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    // otherwise the parser stays lost after a stray quote and swallows the good rows that follow
    relax_quotes: true,
    skip_records_with_error: true,
    info: true,
    on_skip: (error) => {
      rejected.push({ line: Number(error?.['lines'] ?? 0), reason: error?.message ?? 'cannot be read' });
      return undefined;
    },
  }) as unknown as { record: string[]; info: { lines: number } }[];
  const [header, ...lines] = records;
  const columns = checkHeader((header?.record ?? []).map((name) => name.trim()));
  const rows: RosterRow[] = [];
  for (const [index, { record, info }] of lines.entries()) {
    // tens of thousands of rows are a second of work: other requests get their turns
    if (index % 200 === 199) await setImmediate();
    const result = readRow(info.lines, columns, record);
    if ('reason' in result) rejected.push(result);
    else rows.push(result);
  }
  return { rows, rejected: rejected.sort((a, b) => a.line - b.line) };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UnreadableRosterError('it is not UTF-8', { cause: error });
  }
}

function checkHeader(columns: readonly string[]): readonly string[] {
  const known: readonly string[] = [...rosterColumns.required, ...rosterColumns.optional];
  const complaints = [
    ...rosterColumns.required.filter((name) => !columns.includes(name)).map((name) => `${name} is missing`),
    ...columns.filter((name) => !known.includes(name)).map((name) => `“${name.slice(0, 40)}” is unknown`),
    ...columns.filter((name, index) => columns.indexOf(name) !== index).map((name) => `${name} is there twice`),
  ];
  if (complaints.length > 0) throw new UnreadableRosterError(`columns: ${complaints.slice(0, 10).join(', ')}`);
  return columns;
}

function readRow(line: number, columns: readonly string[], record: readonly string[]): RosterRow | Rejected {
  if (record.length !== columns.length) {
    return { line, reason: `has ${record.length} cells where the header has ${columns.length}` };
  }
  const given = Object.fromEntries(
    columns.map((name, index) => [name, record[index]?.trim() ?? ''] as const).filter(([, cell]) => cell !== ''),
  );
  const stray = Object.keys(given).find((name) => given[name]?.startsWith('"'));
  if (stray !== undefined) return { line, field: stray, reason: 'has a quote out of place' };
  const parsed = cells.safeParse(given);
  if (!parsed.success) {
    const { path = [], code, message = 'cannot be read' } = parsed.error.issues[0] ?? {};
    const field = String(path[0]);
    return { line, field, reason: field in given || code === 'custom' ? message : 'is missing' };
  }
  const {
    street,
    city,
    postal_code: postalCode,
    latitude,
    longitude,
    child_name,
    child_birth_date,
    ...row
  } = parsed.data;
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
