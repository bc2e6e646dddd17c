import { ageOn, overlaps, type ClassView, type WeeklySlot } from '../classes/class.ts';
import { hasEnded } from '../classes/ended.ts';
import type { Override } from './enrollment.ts';

export interface ChildFacts {
  readonly id: string;
  readonly familyId: string;
  readonly version: number;
  readonly name: string;
  readonly birthDate: string;
  readonly removed: boolean;
  /** The hours of the seats that the child holds. */
  readonly slots: readonly (WeeklySlot & { readonly classId: string })[];
}

/** Everything that an enrolment depends on. */
export interface Facts {
  readonly class: ClassView | undefined;
  readonly child: ChildFacts | undefined;
  /** Whether the child already has a seat or a place in this class. */
  readonly active: boolean;
  /** Whether the family's registration has reached this service. */
  readonly familyKnown: boolean;
}

export interface Request {
  readonly childId: string;
  /** Absent when a coordinator enrols: any family's child will do. */
  readonly familyId: string | undefined;
  readonly override?: Override | undefined;
  readonly now: Date;
}

export type Decision =
  | { readonly kind: 'seat' | 'waitlist'; readonly class: ClassView; readonly child: ChildFacts }
  | { readonly kind: 'refusal'; readonly code: Refusal; readonly detail: string };

export type Refusal =
  | 'class_not_found'
  | 'child_not_found'
  | 'family_not_ready'
  | 'already_enrolled'
  | 'class_closed'
  | 'class_ended'
  | 'age_out_of_range'
  | 'schedule_conflict';

const refuse = (code: Refusal, detail: string): Decision => ({ kind: 'refusal', code, detail });

/** A seat, a place on the waitlist, or why not. Decides on what it is told; the statement that writes checks it again. */
export function decide(facts: Facts, request: Request): Decision {
  const { class: wanted, active, familyKnown } = facts;
  if (wanted === undefined) return refuse('class_not_found', 'there is no class with this id');
  // a child of another family is answered exactly like one that does not exist
  const child = request.familyId === undefined || facts.child?.familyId === request.familyId ? facts.child : undefined;
  if (child === undefined) return missing(request, familyKnown);
  if (child.removed) return refuse('child_not_found', 'there is no such child');
  if (active) return refuse('already_enrolled', `${child.name} already has a seat or a place in ${wanted.title}`);
  if (wanted.status === 'closed') return refuse('class_closed', `${wanted.title} takes no more enrollments`);
  if (hasEnded(wanted, request.now)) {
    return refuse('class_ended', `${wanted.title} had its last day on ${wanted.lastDay}`);
  }
  const age = ageOn(child.birthDate, wanted.firstDay);
  if (request.override?.age !== true && (age < wanted.ageMin || age > wanted.ageMax)) {
    const ages = `${wanted.ageMin} to ${wanted.ageMax}`;
    return refuse('age_out_of_range', `${child.name} is ${age} when ${wanted.title} begins; it is for ages ${ages}`);
  }
  const clash = child.slots.find((slot) => overlaps(slot, wanted));
  if (clash !== undefined) {
    const hours = `${clash.weekday} ${clash.startTime}–${clash.endTime}`;
    return refuse('schedule_conflict', `${child.name} has another class on ${hours}`);
  }
  return { kind: hasSeat(wanted) ? 'seat' : 'waitlist', class: wanted, child };
}

/** Whoever waits goes first, even when a seat is free at this moment. */
export const hasSeat = ({ seatsLeft, waitlisted }: ClassView): boolean => seatsLeft > 0 && waitlisted === 0;

/** How long a new child's event may take to get here before the child counts as one that does not exist. */
const arrivalMs = 30_000;

/**
 * The family's events may still be on their way: then the answer is "soon", not "no". A child of another family is answered
 * like one that does not exist, so its age counts as well.
 */
function missing({ childId, now, familyId }: Request, familyKnown: boolean): Decision {
  const isYoung = Math.abs(now.getTime() - mintedAt(childId)) < arrivalMs;
  return (familyId !== undefined && !familyKnown) || isYoung
    ? refuse('family_not_ready', 'the registration has not arrived here yet')
    : refuse('child_not_found', 'there is no such child');
}

/** A UUIDv7 begins with its birth in milliseconds; any other id counts as old. */
function mintedAt(id: string): number {
  return id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : 0;
}
