import type { Rejected, RowReport } from '@homeroom/csv';
import type { Database } from '@homeroom/postgres';
import { v7 as uuidv7 } from 'uuid';
import type { Passwords } from '../accounts/passwords.ts';
import { changeFamily } from '../families/change-family.ts';
import {
  addChild,
  familyEvent,
  isUnverified,
  newFamily,
  type Child,
  type Decision,
  type Family,
} from '../families/family.ts';
import { insertFamilies, type NewFamily } from '../families/store.ts';
import type { RosterRow } from './parse-roster.ts';
import { findByEmails } from './store.ts';

export interface RosterReport {
  /** Families. */
  readonly created: number;
  /** Families that were here and got a child. */
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: readonly Rejected[];
  /** What became of the rows that were not rejected, with the id of their family. */
  readonly taken: readonly RowReport[];
}

type Row = RosterRow & { readonly child: Omit<Child, 'id'> | undefined };

/** Says nothing of the family: nobody knows yet whether it is the one that the coordinator means. */
const unverifiedReason =
  'An account was registered with this address, but the address is not verified. Ask the family to open the link in its verification mail, or to reset its password, then import the row again.';

/** Small enough that a batch stays far below the statement timeout. */
const batchSize = 100;

/**
 * Brings a roster's families and children in. A family is recognised by its guardian's email and a child by name and
 * birth date, and what is here already is left as it is: a second run changes nothing, and a run that was cut short is
 * finished by the next. A family without a password in the roster signs in after a password reset by mail. A family that
 * registered itself gets nothing until its address is verified: it may be a stranger's. New families count as verified,
 * because the coordinator vouches for them.
 * @param options preview: compare only, and write nothing.
 */
export async function importRoster(
  { database, passwords }: { database: Database; passwords: Passwords },
  rows: readonly Row[],
  { preview = false }: { preview?: boolean } = {},
): Promise<RosterReport> {
  const rejected: Rejected[] = [];
  const taken: RowReport[] = [];
  const counts = { created: 0, updated: 0, unchanged: 0 };
  const families = [...Map.groupBy(rows, ({ guardian }) => guardian.email)];
  for (let start = 0; start < families.length; start += batchSize) {
    const batch = families.slice(start, start + batchSize);
    const created = await createMissing(batch);
    counts.created += created.size;
    // read again: somebody may have registered between the two
    const here = await findByEmails(database, emailsOf(batch));
    for (const [email, given] of batch) if (!created.has(email)) await addTo(here.get(email), given);
  }
  return { ...counts, rejected, taken };

  async function createMissing(batch: readonly [string, Row[]][]): Promise<Set<string>> {
    const here = await findByEmails(database, emailsOf(batch));
    const prepared: (NewFamily & Additions & { email: string })[] = [];
    for (const [email, given] of batch) {
      // one after the other: the queue for passwords belongs to those who are signing in meanwhile
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

  async function prepare(email: string, given: readonly Row[]): Promise<NewFamily & Additions & { email: string }> {
    const [first] = given;
    if (first === undefined) throw new Error('a group has at least one row');
    const { familyName: name, guardian, address } = first;
    const additions = addRows(familyOf(newFamily({ name, guardian, address }, { emailVerified: true })), given);
    const password = given.find((row) => row.password !== undefined)?.password;
    return {
      email,
      ...additions,
      passwordHash: preview || password === undefined ? null : await passwords.hash(password),
      event: familyEvent('homeroom.family.registered.v1', additions.family),
    };
  }

  async function addTo(known: Family | 'coordinator' | undefined, given: readonly Row[]): Promise<void> {
    if (known === undefined || known === 'coordinator') {
      rejectAll(given, 'belongs to an account that is no guardian’s');
      return;
    }
    if (isUnverified(known)) {
      rejectAll(given, unverifiedReason);
      return;
    }
    let additions = addRows(known, given);
    const changes = additions.family !== known;
    if (changes && !preview) {
      await changeFamily(database, known.id, (family) => {
        additions = addRows(family, given);
        return { family: additions.family };
      });
    }
    rejected.push(...additions.refused);
    taken.push(...additions.rows.map((row) => ({ ...row, id: known.id })));
    counts[changes ? 'updated' : 'unchanged'] += 1;
  }

  function rejectAll(given: readonly Row[], reason: string): void {
    rejected.push(...given.map(({ line }) => ({ line, field: 'guardian_email', reason })));
  }
}

interface Additions {
  readonly family: Family;
  readonly rows: readonly RowReport[];
  readonly refused: readonly Rejected[];
}

/** Adds the children of rows to their family; the same family when it has all of them. */
function addRows(before: Family, given: readonly Row[]): Additions {
  let family = before;
  const rows: RowReport[] = [];
  const refused: Rejected[] = [];
  for (const { line, child } of given) {
    const decision = child === undefined ? undefined : addChild(family, { id: uuidv7(), ...child });
    if (decision !== undefined && 'family' in decision) {
      family = decision.family;
      rows.push({ line, action: 'updated' });
    } else if (decision === undefined || decision.refused === 'child_exists') {
      rows.push({ line, action: 'unchanged' });
    } else {
      refused.push({ line, field: 'child_name', reason: 'the family has as many children as a family can have here' });
    }
  }
  return { family, rows, refused };
}

const emailsOf = (batch: readonly [string, Row[]][]): string[] => batch.map(([email]) => email);

function familyOf(decision: Decision): Family {
  if ('refused' in decision) throw new Error(`a family without children was refused: ${decision.refused}`);
  return decision.family;
}
