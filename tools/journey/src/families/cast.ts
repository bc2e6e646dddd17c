import { readSeed, toCsv } from './seed.ts';

export interface Cast {
  readonly families: readonly CastFamily[];
  /** CSV for the coordinators' import; titles carry the run's name. */
  readonly timetable: string;
  readonly classCount: number;
  readonly seats: number;
  readonly wishCount: number;
}

/** A family of the seed, with an email address of this run. */
export interface CastFamily {
  readonly name: string;
  readonly guardian: { readonly name: string; readonly email: string; readonly phone: string };
  readonly address: {
    readonly street: string;
    readonly city: string;
    readonly postalCode: string;
    readonly latitude: number;
    readonly longitude: number;
  };
  readonly children: readonly { readonly name: string; readonly birthDate: string }[];
  /** First choices of all children first. */
  readonly wishes: readonly { readonly childName: string; readonly classTitle: string }[];
}

/** Titles and addresses of this run differ from those of earlier runs. */
const titleOf = (title: string, run: string): string => `${title} ${run}`;
// no +tag: all tags of a mailbox share its mail limit, and the next run would receive nothing
const emailOf = (email: string, run: string): string => email.replace('@', `.${run}@`);

/**
 * Reads the co-op's files.
 * @param count the number of families; classes shrink with them, so that seats stay scarce.
 */
export function readCast(run: string, count = Number.POSITIVE_INFINITY): Cast {
  const rows = [...Map.groupBy(readSeed('families.csv'), (row) => row['guardian_email'] ?? '')];
  const coming = rows.slice(0, count);
  const wishes = Map.groupBy(readSeed('wishes.csv'), (row) => row['guardian_email'] ?? '');
  const classes = readSeed('classes.csv').map((row) => ({
    ...row,
    title: titleOf(row['title'] ?? '', run),
    capacity: String(Math.max(1, Math.floor((Number(row['capacity']) * coming.length) / rows.length))),
  }));
  const families = coming.map(([email, children]) => readFamily(email, children, wishes.get(email) ?? [], run));
  return {
    families,
    timetable: toCsv([Object.keys(classes[0] ?? {}), ...classes.map((row) => Object.values(row))]),
    classCount: classes.length,
    seats: classes.reduce((sum, { capacity }) => sum + Number(capacity), 0),
    wishCount: families.reduce((sum, family) => sum + family.wishes.length, 0),
  };
}

function readFamily(
  email: string,
  rows: Record<string, string>[],
  wishes: Record<string, string>[],
  run: string,
): CastFamily {
  const text = (name: string): string => rows[0]?.[name] ?? '';
  return {
    name: text('family_name'),
    guardian: { name: text('guardian_name'), email: emailOf(email, run), phone: text('guardian_phone') },
    address: {
      street: text('street'),
      city: text('city'),
      postalCode: text('postal_code'),
      latitude: Number(text('latitude')),
      longitude: Number(text('longitude')),
    },
    children: rows.map((row) => ({ name: row['child_name'] ?? '', birthDate: row['child_birth_date'] ?? '' })),
    wishes: wishes
      .sort((a, b) => Number(a['rank']) - Number(b['rank']))
      .map((row) => ({ childName: row['child_name'] ?? '', classTitle: titleOf(row['class_title'] ?? '', run) })),
  };
}
