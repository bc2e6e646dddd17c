import { text } from '@homeroom/chassis';
import { columnNames, dateCell, readRows, rowOf, type ImportFile, type Row } from '@homeroom/csv';
import { z } from 'zod';
import { isOwnEmail } from '../credentials/password-rules.ts';
import { email, newPassword, ownEmailRefused, ownNameRefused } from '../credentials/schemas.ts';
import { isOwnName } from '../families/own-name.ts';
import { birthDate } from '../families/schemas.ts';

const degrees = (limit: number) =>
  z
    .string()
    .regex(/^-?\d{1,3}(\.\d{1,12})?$/, 'must be degrees, 44.9778')
    .transform(Number)
    .refine((value) => Math.abs(value) <= limit, `must be between -${limit} and ${limit}`)
    .optional();

/** The columns of a roster: one row per child, or one for a family without children. */
const columns = {
  guardian_email: { cell: email, synonyms: ['email', 'parent email'] },
  guardian_name: { cell: text(200), synonyms: ['guardian', 'parent', 'parent name'] },
  family_name: { cell: text(200), synonyms: ['family', 'last name', 'surname'] },
  guardian_phone: { cell: text(40).optional(), synonyms: ['phone', 'mobile', 'telephone', 'parent phone'] },
  street: { cell: text(200).optional(), synonyms: ['address', 'street address'] },
  city: { cell: text(200).optional(), synonyms: ['town'] },
  postal_code: { cell: text(20).optional(), synonyms: ['zip', 'zip code', 'postcode'] },
  latitude: { cell: degrees(90), synonyms: ['lat'] },
  longitude: { cell: degrees(180), synonyms: ['lon', 'lng'] },
  child_name: { cell: text(200).optional(), synonyms: ['child', 'student', 'student name'] },
  child_birth_date: {
    cell: dateCell.pipe(birthDate).optional(),
    synonyms: ['birth date', 'birthday', 'date of birth', 'dob', 'child birthday'],
    date: true,
  },
  password: { cell: newPassword.optional(), secret: true },
};
export const rosterColumns = columnNames(columns);

const row = rowOf(columns)
  .superRefine((cells, ctx) => {
    const together = (one: keyof typeof cells, other: keyof typeof cells): void => {
      if ((cells[one] === undefined) !== (cells[other] === undefined)) {
        const missing = cells[one] === undefined ? one : other;
        ctx.addIssue({ code: 'custom', path: [missing], message: `${one} and ${other} come together` });
      }
    };
    if (cells.password !== undefined && isOwnEmail(cells.password, cells.guardian_email)) {
      ctx.addIssue({ code: 'custom', path: ['password'], message: ownEmailRefused });
    }
    if (cells.password !== undefined && isOwnName(cells.password, [cells.guardian_name, cells.family_name])) {
      ctx.addIssue({ code: 'custom', path: ['password'], message: ownNameRefused });
    }
    together('latitude', 'longitude');
    together('child_name', 'child_birth_date');
  })
  .transform(({ street, city, postal_code: postalCode, latitude, longitude, ...given }) => {
    const { child_name: name, child_birth_date: birthDate } = given;
    const address = { street, city, postalCode, latitude, longitude };
    return {
      familyName: given.family_name,
      guardian: { name: given.guardian_name, email: given.guardian_email, phone: given.guardian_phone },
      address: Object.values(address).every((part) => part === undefined) ? undefined : address,
      child: name === undefined || birthDate === undefined ? undefined : { name, birthDate },
      password: given.password,
    };
  });

export type RosterRow = Row<z.infer<typeof row>>;

/** The rows of one guardian's email. */
export type Group = readonly [email: string, rows: readonly RosterRow[]];

/** Reads a roster: its good rows, and its bad ones with line, column, and reason. */
export const parseRoster = (file: ImportFile) => readRows(file, { columns, schema: row });
