import { isRefused, refused, type Refused } from '@homeroom/chassis';
import {
  earlierAnswer,
  hashRequest,
  isKeyTaken,
  isUniqueViolation,
  type CoopDatabase,
  type IdempotentRequest,
} from '@homeroom/postgres';
import { v7 as uuidv7 } from 'uuid';
import { slotOf } from '../classes/class.ts';
import type { ClassView } from '../classes/schemas.ts';
import type { Override } from '../seats/enrollment.ts';
import { takeSeat, type Beginning, type Taking } from '../seats/take-seat.ts';
import type { ArrivingChildren } from './arriving-children.ts';
import { decide, hasSeat, type Facts, type Grant, type Refusal } from './decide.ts';
import type { KnownFacts } from './known-facts.ts';
import { readFacts } from './read-facts.ts';
import type { Enrolled } from './schemas.ts';

export interface EnrollRequest {
  readonly classId: string;
  readonly childId: string;
  /** Undefined when a coordinator asks. */
  readonly familyId: string | undefined;
  /** Only for a coordinator. */
  readonly override?: Override | undefined;
  /** The account that asks: its keys are its own. */
  readonly accountId: string;
  readonly idempotencyKey?: string | undefined;
}

export interface EnrollDeps {
  readonly db: CoopDatabase;
  readonly known: KnownFacts;
  readonly arriving: ArrivingChildren;
}

/** What writing may end with: only facts that were just read can lead to another refusal. */
type Settled = Enrolled | Refused<'seats_contended'>;

/**
 * Takes a seat or a waitlist place. One round trip when this process remembers the facts; otherwise, or when what it
 * remembers does not lead to an enrollment, the facts are read from the database.
 * @param signal aborts waiting for a child that has not arrived yet.
 */
export async function enrollChild(
  deps: EnrollDeps,
  request: EnrollRequest,
  signal?: AbortSignal,
): Promise<Settled | Refusal> {
  const attempt = { ...deps, request, writesLeft: 8 };
  return (await tryFromMemory(attempt)) ?? (await enrollFromDatabase(attempt, signal));
}

interface Attempt extends EnrollDeps {
  readonly request: EnrollRequest;
  /** How often it may still try to write. */
  writesLeft: number;
}

/** Enrolls on remembered facts. It refuses nothing on them: what is remembered may no longer be true. */
async function tryFromMemory(attempt: Attempt): Promise<Settled | undefined> {
  const { db, known, request } = attempt;
  const facts = known.recall(db.coopId, request);
  return facts && write(attempt, facts, decideNow(facts, request));
}

/** Reads the facts, decides, and writes, until it has enrolled the child, or refused on facts that it has just read. */
async function enrollFromDatabase(attempt: Attempt, signal: AbortSignal | undefined): Promise<Settled | Refusal> {
  const { db, known, request } = attempt;
  let facts = await readArrivedFacts(attempt, signal);
  for (;;) {
    known.learn(db.coopId, facts);
    const decision = decideNow(facts, request);
    if (isRefused(decision)) return (await replayInstead(attempt, decision)) ?? decision;
    const outcome = await write(attempt, facts, decision);
    if (outcome !== undefined) return outcome;
    facts = await readFacts(db, request);
  }
}

/** The facts, once the event of a child that was just added has arrived. */
async function readArrivedFacts({ db, arriving, request }: Attempt, signal?: AbortSignal): Promise<Facts> {
  const facts = await readFacts(db, request);
  const decision = decideNow(facts, request);
  const isMissing = isRefused(decision) && decision.code === 'family_not_ready';
  return isMissing && (await arriving.wait({ ...request, coopId: db.coopId }, signal)) ? readFacts(db, request) : facts;
}

const decideNow = (facts: Facts, request: EnrollRequest): Grant | Refusal =>
  decide(facts, { ...request, now: new Date() });

/**
 * Writes what was decided. While a guard refuses because the class has changed, decides again on the class that the
 * refusal returned.
 * @returns undefined when the facts must be read again: the class is not the cause, or the child would be refused.
 */
async function write(attempt: Attempt, facts: Facts, decision: Grant | Refusal): Promise<Settled | undefined> {
  const { db, known, request } = attempt;
  while (!isRefused(decision)) {
    if (attempt.writesLeft-- === 0) return refused('seats_contended');
    const { settled, class: current } = await writeOnce(attempt, decision);
    if (settled !== undefined) return settled;
    if (current === undefined || sameChoice(current, decision.class)) return undefined;
    facts = { ...facts, class: current };
    known.learn(db.coopId, facts);
    decision = decideNow(facts, request);
  }
  return undefined;
}

/** Whether deciding again would end the same way, as far as the class goes. */
const sameChoice = (a: ClassView, b: ClassView): boolean => a.version === b.version && hasSeat(a) === hasSeat(b);

interface Written {
  /** Undefined: a guard has refused. */
  readonly settled?: Settled;
  /** As it is now, when a guard has refused and the statement returned it. */
  readonly class?: ClassView | undefined;
}

async function writeOnce({ db, known, request }: Attempt, grant: Grant): Promise<Written> {
  const [enrollmentId, at] = [uuidv7(), new Date()];
  const beginning = beginningOf(grant, request.override);
  const enrolled = enrolledOf(grant, beginning, enrollmentId);
  try {
    const taken = await takeSeat(db, { ...grant, enrollmentId, at, beginning, claim: claimOf(request, enrolled) });
    if (!taken.done) return { class: taken.class };
    known.learn(db.coopId, afterwards(grant, taken.position));
    return { settled: { ...enrolled, position: taken.position } };
  } catch (error) {
    // two requests for the same child at once: the other one was first
    if (isUniqueViolation(error, 'enrollments_one_per_child')) return {};
    if (!isKeyTaken(error)) throw error;
    // the child is the caller's and the class exists, so the caller may see the answer
    const earlier = await earlierAnswer<Enrolled>(db, idempotent(request));
    // without an answer, the key has expired between two statements
    return { settled: earlier ?? refused('seats_contended') };
  }
}

function beginningOf({ kind, class: wanted, child }: Grant, override: Override | undefined): Beginning {
  const { id: classId, priceCents, currency } = wanted;
  const reason = override === undefined ? {} : { override };
  const subject = { classId, childId: child.id, familyId: child.familyId, currency, ...reason };
  if (kind === 'waitlist') return { ...subject, type: 'waitlisted', priceCents };
  return { ...subject, type: priceCents > 0 ? 'seat-held' : 'confirmed', amountCents: priceCents };
}

const firstStatus = { waitlisted: 'waitlisted', 'seat-held': 'payment_pending', confirmed: 'enrolled' } as const;

const enrolledOf = (grant: Grant, beginning: Beginning, id: string): Enrolled => ({
  id,
  version: 1,
  status: firstStatus[beginning.type],
  class: { id: grant.class.id, title: grant.class.title },
  child: { id: grant.child.id, name: grant.child.name },
  amountCents: beginning.type === 'waitlisted' ? 0 : beginning.amountCents,
  priceCents: beginning.type === 'waitlisted' ? beginning.priceCents : undefined,
  currency: grant.class.currency,
});

/** What is known without reading it, once the statement has succeeded. */
function afterwards(
  { kind, class: wanted, child }: Grant,
  position: number | undefined,
): Pick<Facts, 'class' | 'child'> {
  if (kind === 'waitlist') return { class: { ...wanted, seatsLeft: 0, waitlisted: position ?? 1 }, child };
  const slot = { classId: wanted.id, ...slotOf(wanted) };
  return { class: { ...wanted, seatsLeft: wanted.seatsLeft - 1 }, child: { ...child, slots: [...child.slots, slot] } };
}

const idempotent = (given: EnrollRequest): IdempotentRequest => ({
  principal: given.accountId,
  key: given.idempotencyKey,
  request: ['POST', '/api/enrollments', [given.classId, given.childId, given.familyId, given.override]],
});

function claimOf(given: EnrollRequest, enrolled: Enrolled): Taking['claim'] {
  const { principal, key, request } = idempotent(given);
  if (key === undefined) return undefined;
  return { principal, key, requestHash: hashRequest(...request), status: 201, body: JSON.stringify(enrolled) };
}

/**
 * A request that would be refused now may be the retry of one that was not: then the first answer. A refusal that hides a
 * class or a child is never replaced: a caller without the right to see the answer gets it, with a key or without.
 */
async function replayInstead({ db, request }: Attempt, { code }: Refusal): Promise<Enrolled | undefined> {
  const isHidden = code === 'class_not_found' || code === 'child_not_found' || code === 'family_not_ready';
  return isHidden ? undefined : earlierAnswer<Enrolled>(db, idempotent(request));
}
