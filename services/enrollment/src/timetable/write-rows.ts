import { accepted, isRefused, type Refused } from '@homeroom/chassis';
import type { RowReport } from '@homeroom/csv';
import { append } from '@homeroom/outbox';
import type { CoopTransaction } from '@homeroom/postgres';
import { alignFirstDay, datesOverlap, sameDetails, sameSlot, snapshotOf } from '../classes/class.ts';
import type { ClassDetails, ClassView } from '../classes/schemas.ts';
import { errors } from '../errors.ts';
import { newEvent } from '../new-event.ts';
import type { Terms } from '../seats/terms.ts';
import { deleteBookings } from './booking-store.ts';
import { changeDetails, classCanceled } from './change-class.ts';
import { createClasses } from './create-class.ts';
import { columnOfField, type TimetableRow } from './parse-timetable.ts';
import { lockClasses, readByNaturalKeys, updateClasses, type NaturalKey } from './store.ts';

/** Title, teacher, day, and time identify the class that a row means. */
export const keyOf = ({ title, teacher, weekday, startTime }: NaturalKey): string =>
  JSON.stringify([title, teacher, weekday, startTime]);

/** What became of a row, and the class as it was and is now. */
export type Outcome =
  | { readonly line: number; readonly action: 'created' | 'unchanged'; readonly after: ClassView }
  | { readonly line: number; readonly action: 'updated'; readonly before: ClassView; readonly after: ClassView }
  | Extract<RowReport, { action: 'rejected' }>;

/** A row and the class that it means. */
interface Match {
  readonly line: number;
  readonly wanted: ClassDetails;
  readonly found: ClassView;
}

/**
 * Opens and changes the classes of some rows. Each class counts once among the rows. However many the rows are, they are
 * written by the same number of statements, except those whose change moves people.
 */
export async function writeRows(trx: CoopTransaction, rows: readonly TimetableRow[], terms: Terms): Promise<Outcome[]> {
  const known = byKey(await readByNaturalKeys(trx, detailsOf(rows)));
  const matches: Match[] = [];
  const missing: TimetableRow[] = [];
  for (const row of rows) {
    const found = known.get(keyOf(row.data));
    if (found === undefined) missing.push(row);
    else matches.push(match(row, found));
  }
  const outcomes = await changeMatches(trx, matches, terms);
  if (missing.length === 0) return outcomes;
  const created = byKey(await createClasses(trx, detailsOf(missing)));
  const late: TimetableRow[] = [];
  for (const row of missing) {
    const after = created.get(keyOf(row.data));
    if (after === undefined) late.push(row);
    else outcomes.push({ line: row.line, action: 'created', after });
  }
  // another request has opened these meanwhile
  return late.length === 0 ? outcomes : [...outcomes, ...(await writeRows(trx, late, terms))];
}

/** The first day of a class that moves is that of its first meeting, as of one that opens. */
const match = ({ line, data }: TimetableRow, found: ClassView): Match => ({
  line,
  wanted: sameSlot(found, data) ? data : alignFirstDay(data),
  found,
});

const detailsOf = (rows: readonly TimetableRow[]): ClassDetails[] => rows.map(({ data }) => data);
const byKey = (classes: readonly ClassView[]): Map<string, ClassView> =>
  new Map(classes.map((one) => [keyOf(one), one]));

/** What a row does to its class, as far as the class alone shows it. */
type Decision = 'unchanged' | 'other-term' | 'canceled' | 'plain' | 'moves-people';

function decide({ found, wanted }: Match): Decision {
  if (sameDetails(found, wanted)) return 'unchanged';
  if (!datesOverlap(found, wanted)) return 'other-term';
  if (found.canceled != null) return 'canceled';
  if (found.currency !== wanted.currency) return 'moves-people';
  const isEmpty = found.seatsLeft === found.capacity && found.waitlisted === 0;
  const sameSeats = found.capacity === wanted.capacity && found.status === wanted.status;
  const sameMeetings = found.room === wanted.room && sameSlot(found, wanted);
  // nobody gains or loses a seat, and nobody has to be somewhere else
  return isEmpty || (sameSeats && sameMeetings) ? 'plain' : 'moves-people';
}

async function changeMatches(trx: CoopTransaction, matches: readonly Match[], terms: Terms): Promise<Outcome[]> {
  const differing = matches.filter((one) => ['plain', 'moves-people'].includes(decide(one)));
  // locked, so that none of them gets its first seat, or is canceled, meanwhile
  const locked = await lockClasses(
    trx,
    differing.map(({ found }) => found.id),
  );
  const current = matches.map((one) => ({ ...one, found: locked.get(one.found.id) ?? one.found }));
  const by = Map.groupBy(current, decide);
  const outcomes: Outcome[] = [
    ...(by.get('unchanged') ?? []).map(({ line, found }) => ({ line, action: 'unchanged' as const, after: found })),
    ...(by.get('other-term') ?? []).map(otherTerm),
    ...(by.get('canceled') ?? []).map((one) => rejected(one, classCanceled(one.found))),
    ...(await changePlain(trx, by.get('plain') ?? [])),
  ];
  for (const one of by.get('moves-people') ?? []) outcomes.push(await changeOne(trx, one, terms));
  return outcomes;
}

const otherTerm = ({ line, wanted, found: { firstDay, lastDay } }: Match): Outcome => ({
  line,
  action: 'rejected',
  field: 'first_day',
  value: wanted.firstDay,
  reason:
    `A class with this title, teacher, day, and time runs from ${firstDay} to ${lastDay}. ` +
    'Give the new one another title, or change that class.',
});

/** Changes locked classes that nobody has to be notified of, and publishes it, in a number of statements. */
async function changePlain(trx: CoopTransaction, matches: readonly Match[]): Promise<Outcome[]> {
  if (matches.length === 0) return [];
  const updated = await updateClasses(
    trx,
    matches.map(({ wanted, found }) => ({ ...wanted, id: found.id })),
  );
  const outcomes = matches.map(({ line, found }) => {
    const after = updated.get(found.id);
    if (after === undefined) throw new Error(`class ${found.id} disappeared while locked`);
    return { line, action: 'updated' as const, before: found, after };
  });
  const events = outcomes.map(({ after }) =>
    newEvent('homeroom.class.changed.v1', { subject: after.id, data: snapshotOf(after) }),
  );
  await append(trx, ...events);
  const closed = outcomes.flatMap(({ after }) => (after.status === 'open' ? [] : [after.id]));
  if (closed.length > 0) await deleteBookings(trx, closed);
  return outcomes;
}

async function changeOne(trx: CoopTransaction, one: Match, terms: Terms): Promise<Outcome> {
  const outcome = await changeDetails(trx, { classId: one.found.id, patch: one.wanted }, terms);
  // refused before anything was written: the transaction can go on
  if (isRefused(outcome)) return rejected(one, outcome);
  const { before, after, changed } = outcome;
  return changed
    ? { line: one.line, action: 'updated', before, after }
    : { line: one.line, action: 'unchanged', after };
}

/** What a change of one class may be refused for, and the field to look at. */
const refusedFields: Readonly<Record<string, 'capacity' | 'currency' | 'title'>> = {
  capacity_below_taken: 'capacity',
  class_canceled: 'title',
  currency_in_use: 'currency',
};

/** @throws for a refusal that no cell of the row is the reason of. */
function rejected({ line, wanted }: Match, refusal: Refused): Outcome {
  const field = refusedFields[refusal.code];
  if (field === undefined) return accepted(errors, refusal);
  const reason = refusal.detail ?? refusal.code;
  return { line, action: 'rejected', field: columnOfField(field), reason, value: String(wanted[field]).slice(0, 60) };
}
