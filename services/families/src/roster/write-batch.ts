import type { CoopTransaction } from '@homeroom/postgres';
import { familyEvent } from '../families/family.ts';
import type { Family } from '../families/schemas.ts';
import { insertFamilies } from '../families/store.ts';
import type { Group } from './parse-roster.ts';
import { outcomeOf, type Outcome } from './merge-rows.ts';
import { addChildren, findByEmails, lockByEmails, type NewFamily } from './store.ts';

type Known = ReadonlyMap<string, Family | 'coordinator'>;

/**
 * Writes the new families of a batch and the new children of those that are here: however many, each in one statement.
 * @param known what was there before the transaction: only what it would change is locked, and read again.
 */
export async function writeBatch(
  trx: CoopTransaction,
  part: readonly Group[],
  { known, wanted }: { known: Known; wanted: ReadonlyMap<string, NewFamily> },
): Promise<{ created: ReadonlyMap<string, NewFamily>; existing: (email: string) => Outcome }> {
  const written = wanted.size === 0 ? new Set<string>() : await insertFamilies(trx, [...wanted.values()]);
  const created = new Map([...wanted].filter(([, { family }]) => written.has(family.id)));
  const outcomes = new Map<string, Outcome>();
  const toChange: Group[] = [];
  for (const group of part.filter(([email]) => !created.has(email))) {
    const [email, rows] = group;
    const before = known.get(email);
    const decided = before && outcomeOf(before, rows);
    // registered meanwhile, or to be changed
    if (decided === undefined || decided.family !== before) toChange.push(group);
    else outcomes.set(email, decided.outcome);
  }
  for (const [email, outcome] of await change(trx, toChange)) outcomes.set(email, outcome);
  const existing = (email: string): Outcome => {
    const outcome = outcomes.get(email);
    if (outcome === undefined) throw new Error('a row of the batch was forgotten');
    return outcome;
  };
  return { created, existing };
}

async function change(trx: CoopTransaction, groups: readonly Group[]): Promise<[email: string, Outcome][]> {
  if (groups.length === 0) return [];
  const emails = groups.map(([email]) => email);
  await lockByEmails(trx, emails);
  const known = await findByEmails(trx, emails);
  const decided = groups.map(([email, rows]) => {
    const before = known.get(email);
    if (before === undefined) throw new Error('an account disappeared during the import');
    return { email, before, ...outcomeOf(before, rows) };
  });
  const changed = decided.flatMap(({ before, family }) => {
    if (family === 'coordinator' || before === 'coordinator' || family === before) return [];
    const next = { ...family, version: family.version + 1 };
    return [{ before, family: next, event: familyEvent('homeroom.family.changed.v1', next) }];
  });
  if (changed.length > 0) await addChildren(trx, changed);
  return decided.map(({ email, outcome }) => [email, outcome]);
}
