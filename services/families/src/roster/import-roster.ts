import { isRefused, type Refused } from '@homeroom/chassis';
import { reportOf, type ImportFile, type ImportReport, type RowReport } from '@homeroom/csv';
import type { Database } from '@homeroom/postgres';
import { v7 as uuidv7 } from 'uuid';
import type { Passwords } from '../credentials/passwords.ts';
import { changeFamily } from '../families/change-family.ts';
import { addChild, familyEvent, isUnverified, newFamily } from '../families/family.ts';
import { maxChildren, type Family } from '../families/schemas.ts';
import { insertFamilies } from '../families/store.ts';
import { parseRoster, type RosterRow } from './parse-roster.ts';
import { findByEmails } from './store.ts';

/** Reveals nothing about the family: it may not be the one that the coordinator means. */
const unverifiedReason =
  'An account was registered with this address, but the address is not verified. Ask the family to open the link in its verification mail, or to reset its password, then import the row again.';

/** Small enough that a batch stays far below the statement timeout. */
const batchSize = 100;

/** The rows of one guardian's email. */
type Group = readonly [email: string, rows: readonly RosterRow[]];

/** What became of a family, and of each of its rows. */
interface Outcome {
  readonly action: RowReport['action'];
  readonly rows: readonly RowReport[];
}

/**
 * Imports a roster's families and children. A family is recognized by its guardian's email and a child by name and birth
 * date, and what exists already stays as it is: a second run changes nothing, and a run that was interrupted is finished by
 * the next. A family without a password in the roster signs in after a password reset by mail. A family that registered
 * itself gets nothing until its address is verified: it may be a stranger's. New families count as verified, because the
 * coordinator vouches for them.
 * @returns a report that counts families.
 */
export async function importRoster(
  deps: { database: Database; passwords: Passwords },
  file: ImportFile,
): Promise<ImportReport | Refused<'unreadable_csv'>> {
  const roster = await parseRoster(file);
  if (isRefused(roster)) return roster;
  const { preview } = file;
  const groups = [...Map.groupBy(roster.rows, ({ data }) => data.guardian.email)];
  const outcomes: Outcome[] = [];
  for (let start = 0; start < groups.length; start += batchSize) {
    const batch = groups.slice(start, start + batchSize);
    const created = await createMissing(deps, batch, preview);
    // read again: a family may have registered in between
    const known = await findByEmails(deps.database, emailsOf(batch));
    for (const [email, rows] of batch) {
      outcomes.push(created.get(email) ?? (await addChildren(deps.database, known.get(email), { rows, preview })));
    }
  }
  return reportOf(roster, { preview, rows: outcomes.flatMap(({ rows }) => rows), counted: outcomes });
}

/** Creates the families whose email has no account. @returns their outcomes, by email. */
async function createMissing(
  { database, passwords }: { database: Database; passwords: Passwords },
  batch: readonly Group[],
  preview: boolean,
): Promise<Map<string, Outcome>> {
  const known = await findByEmails(database, emailsOf(batch));
  const wanted = [];
  for (const [email, rows] of batch.filter(([email]) => !known.has(email))) {
    const added = addRows(newFamilyOf(rows), rows);
    const password = rows.find(({ data }) => data.password !== undefined)?.data.password;
    // one at a time: sign-ins wait in the same queue
    const passwordHash = preview || password === undefined ? null : await passwords.hash(password);
    const event = familyEvent('homeroom.family.registered.v1', added.family);
    wanted.push({ ...added, email, passwordHash, event });
  }
  const written = preview || wanted.length === 0 ? undefined : await insertFamilies(database, wanted);
  const created = wanted.filter(({ family }) => written?.has(family.id) ?? true);
  return new Map(
    created.map(({ email, family, rows }) => {
      const change = { action: 'created', id: preview ? undefined : family.id } as const;
      return [email, { action: 'created', rows: unlessRejected(rows, change) }];
    }),
  );
}

/** Adds the children that a family lacks. */
async function addChildren(
  database: Database,
  known: Family | 'coordinator' | undefined,
  { rows, preview }: { rows: readonly RosterRow[]; preview: boolean },
): Promise<Outcome> {
  if (known === undefined || known === 'coordinator') {
    return rejectAll(rows, 'belongs to an account that is not a guardian’s');
  }
  if (isUnverified(known)) return rejectAll(rows, unverifiedReason);
  let added = addRows(known, rows);
  const action = added.family === known ? 'unchanged' : 'updated';
  if (action === 'updated' && !preview) {
    const decide = (family: Family): Family => {
      added = addRows(family, rows);
      return added.family;
    };
    const changed = await changeFamily({ database }, { familyId: known.id, decide });
    if (isRefused(changed)) throw new Error(`family ${known.id} disappeared during the import`);
  }
  return { action, rows: unlessRejected(added.rows, { id: known.id }) };
}

const rejectAll = (rows: readonly RosterRow[], reason: string): Outcome => ({
  action: 'rejected',
  rows: rows.map(({ line }) => ({ action: 'rejected', line, field: 'guardian_email', reason })),
});

/** Adds the children of rows to their family; the same family when it has all of them. */
function addRows(before: Family, given: readonly RosterRow[]): { family: Family; rows: readonly RowReport[] } {
  let family = before;
  const rows = given.map(({ line, data: { child } }): RowReport => {
    const decision = child === undefined ? undefined : addChild(family, { id: uuidv7(), ...child });
    if (decision === undefined || (isRefused(decision) && decision.code === 'child_exists')) {
      return { line, action: 'unchanged' };
    }
    if (isRefused(decision)) {
      const reason = `a family can have at most ${maxChildren} children`;
      return { line, action: 'rejected', field: 'child_name', reason };
    }
    family = decision;
    return { line, action: 'updated' };
  });
  return { family, rows };
}

const unlessRejected = (
  rows: readonly RowReport[],
  change: { action?: 'created'; id: string | undefined },
): RowReport[] => rows.map((row) => (row.action === 'rejected' ? row : { ...row, ...change }));

const emailsOf = (batch: readonly Group[]): string[] => batch.map(([email]) => email);

function newFamilyOf([first]: readonly RosterRow[]): Family {
  if (first === undefined) throw new Error('a group has at least one row');
  const { familyName: name, guardian, address } = first.data;
  const family = newFamily({ name, guardian, address }, { emailVerified: true });
  if (isRefused(family)) throw new Error(`a family without children was refused: ${family.code}`);
  return family;
}
