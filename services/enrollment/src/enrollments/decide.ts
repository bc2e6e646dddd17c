import { refused, type Refused } from '@homeroom/chassis';
import { ageOn, dateOf, hoursOf, overlaps, type WeeklySlot } from '../classes/class.ts';
import { hasEnded } from '../classes/ended.ts';
import type { ClassView } from '../classes/schemas.ts';
import type { Override } from '../seats/enrollment.ts';

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

/** Everything that an enrollment depends on. */
export interface Facts {
  readonly class: ClassView | undefined;
  readonly child: ChildFacts | undefined;
  /** Whether the child already has a seat or a waitlist place in this class. */
  readonly active: boolean;
  /** Whether the family's registration has reached this service. */
  readonly familyKnown: boolean;
}

export interface Request {
  readonly childId: string;
  /** Undefined when a coordinator enrolls: the child may be of any family. */
  readonly familyId: string | undefined;
  readonly override?: Override | undefined;
  readonly now: Date;
}

/** A seat or a waitlist place, on these facts. */
export interface Grant {
  readonly kind: 'seat' | 'waitlist';
  readonly class: ClassView;
  readonly child: ChildFacts;
}

export type Refusal = Refused<
  | 'class_not_found'
  | 'child_not_found'
  | 'family_not_ready'
  | 'already_enrolled'
  | 'class_closed'
  | 'class_canceled'
  | 'class_ended'
  | 'age_out_of_range'
  | 'schedule_conflict'
>;

/** A seat, a waitlist place, or a refusal. The statement that writes checks the facts again. */
export function decide(facts: Facts, request: Request): Grant | Refusal {
  const { class: wanted, active, familyKnown } = facts;
  if (wanted === undefined) return refused('class_not_found');
  // a child of another family is answered exactly like one that does not exist
  const child = request.familyId === undefined || facts.child?.familyId === request.familyId ? facts.child : undefined;
  if (child === undefined) return missing(request, familyKnown);
  if (child.removed) return refused('child_not_found');
  if (active)
    return refused('already_enrolled', `${child.name} already has a seat or a waitlist place in ${wanted.title}.`);
  if (wanted.canceled != null)
    return refused('class_canceled', `${wanted.title} is canceled: ${wanted.canceled.reason}`);
  if (wanted.status === 'closed') return refused('class_closed', `${wanted.title} is closed to new enrollments.`);
  if (hasEnded(wanted, request.now)) {
    return refused('class_ended', `${wanted.title} had its last day on ${dateOf(wanted.lastDay)}.`);
  }
  const age = ageOn(child.birthDate, wanted.firstDay);
  if (request.override?.age !== true && (age < wanted.ageMin || age > wanted.ageMax)) {
    const ages = `${wanted.ageMin} to ${wanted.ageMax}`;
    return refused(
      'age_out_of_range',
      `${child.name} is ${age} when ${wanted.title} begins; the class is for ages ${ages}.`,
    );
  }
  const clash = child.slots.find((slot) => overlaps(slot, wanted));
  if (clash !== undefined)
    return refused('schedule_conflict', `${child.name} already has a class on ${hoursOf(clash)}.`);
  return { kind: hasSeat(wanted) ? 'seat' : 'waitlist', class: wanted, child };
}

/** The waitlist has priority over new requests, even when a seat is free at this moment. */
export const hasSeat = ({ seatsLeft, waitlisted }: ClassView): boolean => seatsLeft > 0 && waitlisted === 0;

/** How long a new child's event may take to arrive before the child counts as nonexistent. */
const arrivalMs = 30_000;

/**
 * The family's events may not have arrived yet: then the answer is "try again", not "no". A child of another family gets
 * the same answers as one that does not exist, so the age of its id counts as well.
 */
function missing({ childId, now, familyId }: Request, familyKnown: boolean): Refusal {
  const isYoung = Math.abs(now.getTime() - mintedAt(childId)) < arrivalMs;
  return (familyId !== undefined && !familyKnown) || isYoung ? refused('family_not_ready') : refused('child_not_found');
}

/** A UUIDv7 begins with its time of creation in milliseconds; any other id counts as old. */
function mintedAt(id: string): number {
  return id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : 0;
}
