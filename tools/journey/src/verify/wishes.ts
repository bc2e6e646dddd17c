import type { ClassView } from '../client/api.ts';
import type { Difference, Evidence, FamilyEvidence } from '../evidence/evidence.ts';
import { grantedOf, type Wish } from '../families/household.ts';

/** Every wish is enrolled, waitlisted, or refused for a true reason, and nothing else was granted. */
export function verifyWishes({ families }: Evidence): Difference[] {
  return families.flatMap((family) => [
    ...family.wishes.flatMap((wish, index) => verifyWish(wish, index, family)),
    ...verifyGranted(family),
  ]);
}

function verifyWish(wish: Wish, index: number, family: FamilyEvidence): Difference[] {
  const { outcome, class: wanted, childId } = wish;
  const name = `${family.email}, ${wanted.title}`;
  const fits = isOfAge(wish);
  switch (outcome.kind) {
    case 'broken':
      return [`${name}: neither granted nor refused: ${outcome.what}`];
    case 'seat':
    case 'waitlist':
      return fits ? [] : [`${name}: granted although the child is too young or too old`];
    case 'refused': {
      const others = grantedOf(family).filter((one) => one.wish.childId === childId && one.wish !== wish);
      const isTrue: Record<string, boolean> = {
        age_out_of_range: !fits,
        already_enrolled: family.wishes.some(
          (other, at) => at < index && other.childId === childId && other.class.id === wanted.id,
        ),
        schedule_conflict: others.some((other) => overlaps(other.wish.class, wanted)),
      };
      if (isTrue[outcome.code] === true) return [];
      return [`${name}: refused as ${outcome.code} (${outcome.detail}), which is not so`];
    }
  }
}

function verifyGranted({ email, enrollments, ...family }: FamilyEvidence): Difference[] {
  const granted = grantedOf(family).map(({ enrollmentId }) => enrollmentId);
  const differences: Difference[] = [];
  if (new Set(granted).size !== granted.length)
    differences.push(`${email}: two wishes were granted with one enrollment`);
  const listed = new Set(enrollments.map(({ id }) => id));
  if (listed.size !== enrollments.length) differences.push(`${email}: its list has an enrollment twice`);
  for (const id of granted) if (!listed.has(id)) differences.push(`${email}: ${id} was granted and is not in its list`);
  for (const id of listed)
    if (!granted.includes(id)) differences.push(`${email}: ${id} is in its list and was never granted`);
  const canceled = new Set(family.cancels.map(({ enrollmentId }) => enrollmentId));
  for (const { id, status, ...one } of enrollments) {
    const name = `${email}, ${one.class.title}`;
    if (canceled.has(id) !== (status === 'cancelled'))
      differences.push(`${name}: is ${status}, ${canceled.has(id) ? '' : 'not '}canceled by the family`);
    if (status === 'offered') differences.push(`${name}: still waits for an answer to an offer`);
    if (status === 'payment_pending') differences.push(`${name}: still waits for its payment`);
  }
  return differences;
}

/** Whole years on the first day of class. */
function isOfAge({ birthDate, class: { firstDay, ageMin, ageMax } }: Wish): boolean {
  const hadBirthday = firstDay.slice(5) >= birthDate.slice(5);
  const age = Number(firstDay.slice(0, 4)) - Number(birthDate.slice(0, 4)) - (hadBirthday ? 0 : 1);
  return age >= ageMin && age <= ageMax;
}

const overlaps = (a: ClassView, b: ClassView): boolean =>
  a.id !== b.id &&
  a.weekday === b.weekday &&
  a.startTime < b.endTime &&
  b.startTime < a.endTime &&
  a.firstDay <= b.lastDay &&
  b.firstDay <= a.lastDay;
