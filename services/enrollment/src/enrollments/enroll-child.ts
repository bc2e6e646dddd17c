import { outboxParameters } from '@homeroom/outbox';
import {
  type Database,
  earlierAnswer,
  hashRequest,
  type IdempotentRequest,
  isKeyTaken,
  isUniqueViolation,
} from '@homeroom/postgres';
import { v7 as uuid } from 'uuid';
import type { ClassView } from '../classes/class.ts';
import { errors } from '../errors.ts';
import type { ArrivingChildren } from './arriving-children.ts';
import { decide, hasSeat, type Decision, type Facts } from './decide.ts';
import { readFacts, writeEnrollment } from './enroll-store.ts';
import { publish, type EnrollmentEvent, type Override } from './enrollment.ts';
import type { KnownFacts } from './known-facts.ts';
import { dataOf } from './store.ts';

export interface EnrollRequest {
  readonly classId: string;
  readonly childId: string;
  /** Absent when a coordinator asks. */
  readonly familyId: string | undefined;
  /** Only for a coordinator. */
  readonly override?: Override | undefined;
  /** The account that asks: its keys are its own. */
  readonly accountId: string;
  readonly idempotencyKey?: string | undefined;
}

export interface Enrolled {
  readonly id: string;
  readonly version: number;
  readonly status: 'payment_pending' | 'enrolled' | 'waitlisted';
  readonly position?: number | undefined;
  readonly class: { readonly id: string; readonly title: string };
  readonly child: { readonly id: string; readonly name: string };
  readonly amountCents: number;
  /** The price that a place on the waitlist keeps. */
  readonly priceCents?: number | undefined;
  readonly currency: string;
}

export interface EnrollDeps {
  readonly db: Database;
  readonly known: KnownFacts;
  readonly arriving: ArrivingChildren;
}

const maxTries = 8;

/**
 * Takes a seat or a place on the waitlist. One round trip when the facts are known: decide, then write with guards; when a
 * guard refuses, decide again on how the class is now, or read all the facts when the class is not the cause.
 * @param signal aborts waiting for a child that has not arrived yet.
 */
export async function enrollChild(
  { db, known, arriving }: EnrollDeps,
  request: EnrollRequest,
  signal?: AbortSignal,
): Promise<Enrolled> {
  let facts = known.recall(request.classId, request.childId);
  // nothing is refused on what is only remembered
  let asked = facts === undefined;
  facts ??= await readFacts(db, request);
  let waited = false;
  for (let tries = 0; tries < maxTries; tries++) {
    known.learn(facts);
    const decision = decide(facts, { ...request, now: new Date() });
    if (decision.kind === 'refusal' && asked) {
      if (decision.code === 'family_not_ready' && !waited) {
        waited = await arriving.wait(request, signal);
        if (waited) {
          facts = await readFacts(db, request);
          continue;
        }
      }
      return replayOr(db, request, decision);
    }
    const outcome: Outcome = decision.kind === 'refusal' ? { kind: 'refused' } : await write(db, decision, request);
    if (outcome.kind === 'done') {
      known.learn(outcome.after);
      return outcome.enrolled;
    }
    // the child is the caller's and the class exists: so the caller may see the answer
    if (outcome.kind === 'key-taken') return replay(db, request);
    asked = outcome.class === undefined || sameChoice(outcome.class, facts.class);
    facts = asked ? await readFacts(db, request) : { ...facts, class: outcome.class };
  }
  throw errors.problem('seats_contended');
}

/** Whether deciding again would end the same way, as far as the class goes. */
const sameChoice = (a: ClassView | undefined, b: ClassView | undefined): boolean =>
  a?.version === b?.version && a !== undefined && b !== undefined && hasSeat(a) === hasSeat(b);

type Outcome =
  | { kind: 'done'; enrolled: Enrolled; after: Pick<Facts, 'class' | 'child'> }
  | { kind: 'refused'; class?: ClassView | undefined }
  | { kind: 'key-taken' };

async function write(
  db: Database,
  decision: Exclude<Decision, { kind: 'refusal' }>,
  request: EnrollRequest,
): Promise<Outcome> {
  const { kind, class: wanted, child } = decision;
  const [id, at] = [uuid(), new Date()];
  const event = firstEvent(decision, request.override);
  const amountCents = 'amountCents' in event ? event.amountCents : 0;
  const status = kind === 'waitlist' ? 'waitlisted' : amountCents > 0 ? 'payment_pending' : 'enrolled';
  const enrolled: Enrolled = {
    id,
    version: 1,
    status,
    class: { id: wanted.id, title: wanted.title },
    child: { id: child.id, name: child.name },
    amountCents,
    priceCents: kind === 'waitlist' ? wanted.priceCents : undefined,
    currency: wanted.currency,
  };
  try {
    const written = await writeEnrollment(db, kind, {
      classId: wanted.id,
      classVersion: wanted.version,
      childId: child.id,
      childVersion: child.version,
      familyId: child.familyId,
      enrollmentId: id,
      at,
      event: { type: event.type, data: dataOf(event) },
      amountCents,
      priceCents: enrolled.priceCents,
      currency: wanted.currency,
      claim: claimOf(request, enrolled),
      outbox: outboxParameters(publish(event, { id, version: 1, at, class: wanted, childName: child.name })),
    });
    if (!written.done) return { kind: 'refused', class: written.class };
    return {
      kind: 'done',
      enrolled: { ...enrolled, position: written.position },
      after: after(decision, written.position),
    };
  } catch (error) {
    // two requests for the same child at once: the other one was first
    if (isUniqueViolation(error, 'enrollments_one_per_child')) return { kind: 'refused' };
    if (isKeyTaken(error)) return { kind: 'key-taken' };
    throw error;
  }
}

const idempotent = (given: EnrollRequest): IdempotentRequest => ({
  principal: given.accountId,
  key: given.idempotencyKey,
  request: ['POST', '/api/enrollments', [given.classId, given.childId, given.familyId, given.override]],
});

function claimOf(given: EnrollRequest, enrolled: Enrolled): Parameters<typeof writeEnrollment>[2]['claim'] {
  const { principal, key, request } = idempotent(given);
  if (key === undefined) return undefined;
  return { principal, key, requestHash: hashRequest(...request), status: 201, body: JSON.stringify(enrolled) };
}

function firstEvent(
  { kind, class: wanted, child }: Exclude<Decision, { kind: 'refusal' }>,
  override: Override | undefined,
): EnrollmentEvent {
  const { priceCents, currency } = wanted;
  const reason = override === undefined ? {} : { override };
  const subject = { classId: wanted.id, childId: child.id, familyId: child.familyId, currency, ...reason };
  // position and number are the statement's to give
  if (kind === 'waitlist') return { ...subject, type: 'waitlisted', position: 1, waitlistNumber: 1, priceCents };
  return { ...subject, type: priceCents > 0 ? 'seat-held' : 'confirmed', amountCents: priceCents };
}

/** What is known without asking once the statement has succeeded. */
function after(
  { kind, class: wanted, child }: Exclude<Decision, { kind: 'refusal' }>,
  position: number | undefined,
): Pick<Facts, 'class' | 'child'> {
  if (kind === 'waitlist') return { class: { ...wanted, seatsLeft: 0, waitlisted: position ?? 1 }, child };
  const { weekday, startTime, endTime, firstDay, lastDay } = wanted;
  const slot = { classId: wanted.id, weekday, startTime, endTime, firstDay, lastDay };
  return {
    class: { ...wanted, seatsLeft: wanted.seatsLeft - 1 },
    child: { ...child, slots: [...child.slots, slot] },
  };
}

/**
 * A request that would be refused now may be the retry of one that was not. A refusal that says "there is no such thing"
 * is never replaced: it is what a caller without the right to see the answer gets, with a key or without.
 */
async function replayOr(
  db: Database,
  request: EnrollRequest,
  { code, detail }: Extract<Decision, { kind: 'refusal' }>,
): Promise<Enrolled> {
  const isHidden = code === 'class_not_found' || code === 'child_not_found' || code === 'family_not_ready';
  const earlier = isHidden ? undefined : await earlierAnswer<Enrolled>(db, idempotent(request));
  if (earlier === undefined) throw errors.problem(code, detail);
  return earlier;
}

async function replay(db: Database, request: EnrollRequest): Promise<Enrolled> {
  const earlier = await earlierAnswer<Enrolled>(db, idempotent(request));
  // the key was deleted for its age between two statements
  if (earlier === undefined) throw errors.problem('seats_contended');
  return earlier;
}
