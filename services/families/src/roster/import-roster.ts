import { isRefused, type Refused } from '@homeroom/chassis';
import {
  reportOf,
  unrecordedRun,
  type ImportFile,
  type ImportReport,
  type ImportRun,
  type RowReport,
} from '@homeroom/csv';
import type { CoopDatabase } from '@homeroom/postgres';
import type { Passwords } from '../credentials/passwords.ts';
import { familyEvent, newFamily } from '../families/family.ts';
import { hashPasswords } from './hash-passwords.ts';
import { addRows, outcomeOf, reportsOf, type Outcome } from './merge-rows.ts';
import { parseRoster, type Group, type RosterRow } from './parse-roster.ts';
import { findByEmails, type NewFamily } from './store.ts';
import { writeBatch } from './write-batch.ts';

/** Small enough that a batch stays far below the statement timeout. */
const batchSize = 500;

export interface RosterDeps {
  readonly db: CoopDatabase;
  readonly passwords: Passwords;
}

/**
 * Imports a roster's families and children. A family is recognized by its guardian's email and a child by name and birth
 * date, and what exists already stays as it is: a second run changes nothing. A family without a password in the roster
 * signs in after a password reset by mail. A family that registered itself gets nothing until its address is verified: it
 * may be a stranger's. New families count as verified, because the coordinator vouches for them.
 *
 * Each batch is one transaction with the record of what became of its rows, so that a run that was interrupted continues
 * after the last batch.
 * @returns a report that counts families.
 */
export async function importRoster(
  deps: RosterDeps,
  file: ImportFile,
  run: ImportRun = unrecordedRun,
): Promise<ImportReport | Refused<'unreadable_csv'>> {
  const roster = await parseRoster(file);
  if (isRefused(roster)) return roster;
  const { preview } = file;
  const groups = [...Map.groupBy(roster.rows, ({ data }) => data.guardian.email)];
  const outcomes: Outcome[] = [];
  const progress = { rows: 0, of: roster.rows.length };
  for (let batch = 0; batch * batchSize < groups.length; batch++) {
    run.signal.throwIfAborted();
    const part = groups.slice(batch * batchSize, (batch + 1) * batchSize);
    progress.rows += part.reduce((rows, [, { length }]) => rows + length, 0);
    // what an earlier worker has written
    const before = run.written.get(batch) as Outcome[] | undefined;
    outcomes.push(...(before ?? (await (preview ? previewBatch : importBatch)(deps, part, { run, batch, progress }))));
  }
  return reportOf(roster, { preview, rows: outcomes.flatMap(({ rows }) => rows), counted: outcomes });
}

interface Place {
  readonly run: ImportRun;
  readonly batch: number;
  readonly progress: { readonly rows: number; readonly of: number };
}

/** What the rows would do: no password is hashed, and nothing is written. */
async function previewBatch({ db }: RosterDeps, part: readonly Group[], { run, progress }: Place) {
  const known = await findByEmails(db, emailsOf(part));
  await run.saveProgress(progress);
  return part.map(([email, rows]): Outcome => {
    const family = known.get(email);
    return family === undefined ? createdOf(newFamilyOf(rows).rows) : outcomeOf(family, rows).outcome;
  });
}

async function importBatch(deps: RosterDeps, part: readonly Group[], { run, batch, progress }: Place) {
  const { db, passwords } = deps;
  const known = await findByEmails(db, emailsOf(part));
  const missing = part.filter(([email]) => !known.has(email));
  const hashes = await hashPasswords(passwords, missing, run.signal);
  const wanted = new Map(missing.map(([email, rows]) => [email, newFamilyOf(rows, hashes.get(email))]));
  return db.transaction(async (trx) => {
    const { created, existing } = await writeBatch(trx, part, { known, wanted });
    const outcomes = part.map(([email]) => {
      const family = created.get(email);
      return family === undefined ? existing(email) : createdOf(family.rows, family.family.id);
    });
    await run.saveBatch(trx, batch, outcomes, progress);
    return outcomes;
  });
}

const emailsOf = (part: readonly Group[]): string[] => part.map(([email]) => email);

/** @param id undefined in a preview */
const createdOf = (rows: readonly RowReport[], id?: string): Outcome => ({
  action: 'created',
  rows: reportsOf(rows, { action: 'created', id, changes: undefined }),
});

/** A family that only the roster knows, with its children. */
function newFamilyOf(rows: readonly RosterRow[], passwordHash: string | null = null): NewFamily {
  const [first] = rows;
  if (first === undefined) throw new Error('a group has at least one row');
  const { familyName: name, guardian, address } = first.data;
  const empty = newFamily({ name, guardian, address }, { emailVerified: true });
  if (isRefused(empty)) throw new Error(`a family without children was refused: ${empty.code}`);
  const { family, rows: reports } = addRows(empty, rows);
  return { family, rows: reports, passwordHash, event: familyEvent('homeroom.family.registered.v1', family) };
}
