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
import type { Rejected, RosterRow } from './parse-roster.ts';
import { findByEmails } from './store.ts';

export interface RosterReport {
  /** Families. */
  readonly created: number;
  /** Families that were here and got a child. */
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: readonly Rejected[];
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
 */
export async function importRoster(
  { database, passwords }: { database: Database; passwords: Passwords },
  rows: readonly Row[],
): Promise<RosterReport> {
  const rejected: Rejected[] = [];
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
  return { ...counts, rejected };

  async function createMissing(batch: readonly [string, Row[]][]): Promise<Set<string>> {
    const here = await findByEmails(database, emailsOf(batch));
    const missing = batch.filter(([email]) => !here.has(email));
    const prepared: (NewFamily & { email: string })[] = [];
    // one after the other: the queue for passwords belongs to those who are signing in meanwhile
    for (const [email, given] of missing) prepared.push(await prepare(email, given));
    if (prepared.length === 0) return new Set();
    const written = await insertFamilies(database, prepared);
    return new Set(prepared.flatMap(({ family, email }) => (written.has(family.id) ? [email] : [])));
  }

  async function prepare(email: string, given: readonly Row[]): Promise<NewFamily & { email: string }> {
    const [first] = given;
    if (first === undefined) throw new Error('a group has at least one row');
    const { familyName: name, guardian, address } = first;
    const empty = familyOf(newFamily({ name, guardian, address }, { emailVerified: true }));
    const family = given.reduce((before, row) => withChild(before, row), empty);
    const password = given.find((row) => row.password !== undefined)?.password;
    return {
      email,
      family,
      passwordHash: password === undefined ? null : await passwords.hash(password),
      event: familyEvent('homeroom.family.registered.v1', family),
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
    const add = (family: Family, report?: Rejected[]): Family =>
      given.reduce((before, row) => withChild(before, row, report), family);
    if (add(known, []) === known) {
      add(known, rejected);
      counts.unchanged += 1;
      return;
    }
    const refused: Rejected[] = [];
    await changeFamily(database, known.id, (family) => {
      refused.length = 0;
      return { family: add(family, refused) };
    });
    rejected.push(...refused);
    counts.updated += 1;
  }

  function rejectAll(given: readonly Row[], reason: string): void {
    rejected.push(...given.map(({ line }) => ({ line, field: 'guardian_email', reason })));
  }

  function withChild(family: Family, { child, line }: Row, report: Rejected[] = rejected): Family {
    if (child === undefined) return family;
    const decision = addChild(family, { id: uuidv7(), ...child });
    if ('family' in decision) return decision.family;
    if (decision.refused !== 'child_exists') {
      report.push({ line, field: 'child_name', reason: 'the family has as many children as a family can have here' });
    }
    return family;
  }
}

const emailsOf = (batch: readonly [string, Row[]][]): string[] => batch.map(([email]) => email);

function familyOf(decision: Decision): Family {
  if ('refused' in decision) throw new Error(`a family without children was refused: ${decision.refused}`);
  return decision.family;
}
