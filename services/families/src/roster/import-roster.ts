import { isRefused } from '@homeroom/chassis';
import { listRows, type Rejected, type RowReport } from '@homeroom/csv';
import { transact, type Database } from '@homeroom/postgres';
import { v7 as uuidv7 } from 'uuid';
import type { Passwords } from '../credentials/passwords.ts';
import { applyChange } from '../families/apply-change.ts';
import { addChild, familyEvent, isUnverified, maxChildren, newFamily, type Family } from '../families/family.ts';
import { insertFamilies, type NewFamily } from '../families/store.ts';
import type { Roster, RosterRow } from './parse-roster.ts';
import { findByEmails } from './store.ts';

export interface ImportRosterDeps {
  readonly database: Database;
  readonly passwords: Passwords;
}

export interface RosterReport extends Pick<Roster, 'encoding' | 'delimiter' | 'ignoredColumns' | 'rejected'> {
  /** Nothing was written. */
  readonly preview: boolean;
  /** Families. */
  readonly created: number;
  /** Families that existed and got a child. */
  readonly updated: number;
  readonly unchanged: number;
  readonly rows: readonly RowReport[];
}

/** Says nothing about the family: it may not be the one that the coordinator means. */
const unverifiedReason =
  'An account was registered with this address, but the address is not verified. Ask the family to open the link in its verification mail, or to reset its password, then import the row again.';

/** Small enough that a batch stays far below the statement timeout. */
const batchSize = 100;

/**
 * Imports a roster's families and children. A family is recognized by its guardian's email and a child by name and birth
 * date, and what exists already stays as it is: a second run changes nothing, and a run that was interrupted is finished by
 * the next. A family without a password in the roster signs in after a password reset by mail. A family that registered
 * itself gets nothing until its address is verified: it may be a stranger's. New families count as verified, because the
 * coordinator vouches for them.
 * @param input preview: compare only, and write nothing.
 */
export async function importRoster(
  { database, passwords }: ImportRosterDeps,
  { roster, preview }: { roster: Roster; preview: boolean },
): Promise<RosterReport> {
  const { rows, rejected: unreadable, encoding, delimiter, ignoredColumns } = roster;
  const rejected: Rejected[] = [...unreadable];
  const taken: RowReport[] = [];
  const counts = { created: 0, updated: 0, unchanged: 0 };
  const families = [...Map.groupBy(rows, ({ guardian }) => guardian.email)];
  for (let start = 0; start < families.length; start += batchSize) {
    const batch = families.slice(start, start + batchSize);
    const created = await createMissing(batch);
    counts.created += created.size;
    // read again: a family may have registered in between
    const here = await findByEmails(database, emailsOf(batch));
    for (const [email, given] of batch) if (!created.has(email)) await addTo(here.get(email), given);
  }
  rejected.sort((a, b) => a.line - b.line);
  return { preview, encoding, delimiter, ignoredColumns, ...counts, rejected, rows: listRows(taken, rejected) };

  async function createMissing(batch: readonly [string, RosterRow[]][]): Promise<Set<string>> {
    const here = await findByEmails(database, emailsOf(batch));
    const prepared: (NewFamily & Additions & { email: string })[] = [];
    for (const [email, given] of batch) {
      // one at a time: the password queue is for those who sign in meanwhile
      if (!here.has(email)) prepared.push(await prepare(email, given));
    }
    if (prepared.length === 0) return new Set();
    const written = preview ? undefined : await insertFamilies(database, prepared);
    const created = prepared.filter(({ family }) => written?.has(family.id) ?? true);
    for (const { family, rows: added, refused } of created) {
      rejected.push(...refused);
      // a family that a preview would create has no id yet
      const id = preview ? {} : { id: family.id };
      taken.push(...added.map(({ line }): RowReport => ({ line, action: 'created', ...id })));
    }
    return new Set(created.map(({ email }) => email));
  }

  async function prepare(
    email: string,
    given: readonly RosterRow[],
  ): Promise<NewFamily & Additions & { email: string }> {
    const [first] = given;
    if (first === undefined) throw new Error('a group has at least one row');
    const additions = addRows(newFamilyOf(first), given);
    const password = given.find((row) => row.password !== undefined)?.password;
    return {
      email,
      ...additions,
      passwordHash: preview || password === undefined ? null : await passwords.hash(password),
      event: familyEvent('homeroom.family.registered.v1', additions.family),
    };
  }

  async function addTo(known: Family | 'coordinator' | undefined, given: readonly RosterRow[]): Promise<void> {
    if (known === undefined || known === 'coordinator') {
      rejectAll(given, 'belongs to an account that is not a guardian’s');
      return;
    }
    if (isUnverified(known)) {
      rejectAll(given, unverifiedReason);
      return;
    }
    let additions = addRows(known, given);
    const changes = additions.family !== known;
    if (changes && !preview) {
      const changed = await transact(database, (trx) =>
        applyChange(trx, known.id, (family) => {
          additions = addRows(family, given);
          return additions.family;
        }),
      );
      if (isRefused(changed)) throw new Error(`family ${known.id} disappeared during the import`);
    }
    rejected.push(...additions.refused);
    taken.push(...additions.rows.map((row) => ({ ...row, id: known.id })));
    counts[changes ? 'updated' : 'unchanged'] += 1;
  }

  function rejectAll(given: readonly RosterRow[], reason: string): void {
    rejected.push(...given.map(({ line }) => ({ line, field: 'guardian_email', reason })));
  }
}

interface Additions {
  readonly family: Family;
  readonly rows: readonly RowReport[];
  readonly refused: readonly Rejected[];
}

/** Adds the children of rows to their family; the same family when it has all of them. */
function addRows(before: Family, given: readonly RosterRow[]): Additions {
  let family = before;
  const rows: RowReport[] = [];
  const refused: Rejected[] = [];
  for (const { line, child } of given) {
    const decision = child === undefined ? undefined : addChild(family, { id: uuidv7(), ...child });
    if (decision === undefined || (isRefused(decision) && decision.code === 'child_exists')) {
      rows.push({ line, action: 'unchanged' });
    } else if (isRefused(decision)) {
      refused.push({ line, field: 'child_name', reason: `a family can have at most ${maxChildren} children` });
    } else {
      family = decision;
      rows.push({ line, action: 'updated' });
    }
  }
  return { family, rows, refused };
}

const emailsOf = (batch: readonly [string, RosterRow[]][]): string[] => batch.map(([email]) => email);

function newFamilyOf({ familyName: name, guardian, address }: RosterRow): Family {
  const family = newFamily({ name, guardian, address }, { emailVerified: true });
  if (isRefused(family)) throw new Error(`a family without children was refused: ${family.code}`);
  return family;
}
