import { text } from '@homeroom/chassis';
import { columnNames, dateCell, readRows, type Columns, type ImportFile, type Row } from '@homeroom/csv';
import { z } from 'zod';
import { isOwnEmail } from '../credentials/password-rules.ts';
import { email, newPassword, ownEmailRefused } from '../credentials/schemas.ts';
import { birthDate } from '../families/schemas.ts';

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
  password: { secret: true },
} as const satisfies Columns<string>;

export const rosterColumns = columnNames(columns);

const degrees = (limit: number) =>
  z
    .string()
    .regex(/^-?\d{1,3}(\.\d{1,12})?$/, 'must be degrees, 44.9778')
    .transform(Number)
    .refine((value) => Math.abs(value) <= limit, `must be between -${limit} and ${limit}`);

/** A row by column; an empty cell is absent. */
const row = z
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

/** Reads a roster: its good rows, and its bad ones with line, column, and reason. */
export const parseRoster = (file: ImportFile) => readRows(file, { columns, schema: row });
