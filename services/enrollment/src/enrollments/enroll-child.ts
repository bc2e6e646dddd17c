import { outboxParameters } from '@homeroom/outbox';
import { isUniqueViolation, type Database } from '@homeroom/postgres';
import { v7 as uuid } from 'uuid';
import type { ClassView } from '../classes/class.ts';
import { errors } from '../errors.ts';
import { decide, hasSeat, type Decision, type Facts } from './decide.ts';
import { readFacts, writeEnrollment } from './enroll-store.ts';
import { publish, type EnrollmentEvent } from './enrollment.ts';
import type { KnownFacts } from './known-facts.ts';
import { dataOf, findByIdempotencyKey } from './store.ts';

export interface EnrollRequest {
  readonly classId: string;
  readonly childId: string;
  /** Absent when a coordinator asks. */
  readonly familyId: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface Enrolled {
  readonly id: string;
  readonly version: number;
  readonly status: 'payment_pending' | 'enrolled' | 'waitlisted' | 'cancelled';
  readonly position?: number | undefined;
  readonly class: { readonly id: string; readonly title: string };
  readonly child: { readonly id: string; readonly name: string };
  readonly amountCents: number;
}

const maxTries = 8;

/**
 * Takes a seat or a place on the waitlist. One round trip when the facts are known: decide, then write with guards; when a
 * guard refuses, decide again on how the class is now, or ask for all the facts when the class is not to blame.
 */
export async function enrollChild(
  { db, known }: { db: Database; known: KnownFacts },
  request: EnrollRequest,
): Promise<Enrolled> {
  let facts = known.recall(request.classId, request.childId);
  // nothing is refused on what is only remembered
  let asked = facts === undefined;
  facts ??= await readFacts(db, request);
  for (let tries = 0; tries < maxTries; tries++) {
    known.learn(facts);
    const decision = decide(facts, { ...request, now: new Date() });
    if (decision.kind === 'refusal' && asked) {
      const earlier = await findEarlier(db, request, facts);
      if (earlier === undefined) throw errors.problem(decision.code, decision.detail);
      return earlier;
    }
    const outcome: Outcome = decision.kind === 'refusal' ? { kind: 'refused' } : await write(db, decision, request);
    if (outcome.kind === 'done') {
      known.learn(outcome.after);
      return outcome.enrolled;
    }
    if (outcome.kind === 'key-used') return replay(db, request, facts);
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
  | { kind: 'key-used' };

async function write(
  db: Database,
  decision: Exclude<Decision, { kind: 'refusal' }>,
  { idempotencyKey }: EnrollRequest,
): Promise<Outcome> {
  const { kind, class: wanted, child } = decision;
  const [id, at] = [uuid(), new Date()];
  const event = firstEvent(decision, idempotencyKey);
  const amountCents = 'amountCents' in event ? event.amountCents : 0;
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
      idempotencyKey,
      outbox: outboxParameters(publish(event, { id, version: 1, at, class: wanted, childName: child.name })),
    });
    if (!written.done) return { kind: 'refused', class: written.class };
    const status = kind === 'waitlist' ? 'waitlisted' : amountCents > 0 ? 'payment_pending' : 'enrolled';
    const about = { class: { id: wanted.id, title: wanted.title }, child: { id: child.id, name: child.name } };
    const enrolled: Enrolled = { id, version: 1, status, position: written.position, ...about, amountCents };
    return { kind: 'done', enrolled, after: after(decision, written.position) };
  } catch (error) {
    // two requests for the same child at once: the other one was first
    if (isUniqueViolation(error, 'enrollments_one_per_child')) return { kind: 'refused' };
    if (isUniqueViolation(error, 'enrollments_idempotency')) return { kind: 'key-used' };
    throw error;
  }
}

function firstEvent(
  { kind, class: wanted, child }: Exclude<Decision, { kind: 'refusal' }>,
  idempotencyKey: string | undefined,
): EnrollmentEvent {
  const key = idempotencyKey === undefined ? {} : { idempotencyKey };
  const subject = { classId: wanted.id, childId: child.id, familyId: child.familyId, ...key };
  // place and number are the statement's to give
  if (kind === 'waitlist') return { ...subject, type: 'waitlisted', position: 1, waitlistNumber: 1 };
  return { ...subject, type: wanted.priceCents > 0 ? 'seat-held' : 'confirmed', amountCents: wanted.priceCents };
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

async function replay(db: Database, request: EnrollRequest, facts: Facts): Promise<Enrolled> {
  const earlier = await findEarlier(db, request, facts);
  if (earlier === undefined) throw errors.problem('idempotency_key_reused');
  return earlier;
}

/** The answer to the first request with this key, as the enrolment stands now. */
async function findEarlier(
  db: Database,
  { classId, childId, idempotencyKey: key }: EnrollRequest,
  { class: wanted, child }: Facts,
): Promise<Enrolled | undefined> {
  if (key === undefined || wanted === undefined || child === undefined) return undefined;
  const found = await findByIdempotencyKey(db, { familyId: child.familyId, key });
  if (found === undefined) return undefined;
  if (found.classId !== classId || found.childId !== childId) throw errors.problem('idempotency_key_reused');
  const { id, version, status, amountCents, position } = found;
  const about = { class: { id: wanted.id, title: wanted.title }, child: { id: child.id, name: child.name } };
  return { id, version, status, position, ...about, amountCents };
}
