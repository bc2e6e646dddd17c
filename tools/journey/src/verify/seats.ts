import { holdsSeat, type Difference, type Evidence } from '../evidence/evidence.ts';

/** No class is oversold, its counts are right, no child waits while a seat is free, and its roster matches its families' view. */
export function verifySeats({ classes, rosters, families }: Evidence): Difference[] {
  const everyone = families.flatMap(({ enrollments }) => enrollments);
  return classes.flatMap(({ id, title, capacity, seatsLeft, waitlisted }) => {
    const roster = rosters.get(id) ?? [];
    const taken = roster.filter(holdsSeat).length;
    const waiting = roster.filter(({ status }) => status === 'waitlisted').length;
    const theirs = everyone.filter((one) => one.class.id === id && one.status !== 'cancelled');
    const differences: Difference[] = [];
    if (taken > capacity) differences.push(`${title}: ${taken} seats taken of ${capacity}`);
    if (theirs.filter(holdsSeat).length > capacity)
      differences.push(`${title}: families hold ${theirs.filter(holdsSeat).length} of ${capacity}`);
    if (seatsLeft !== capacity - taken)
      differences.push(`${title}: says ${seatsLeft} seats left, the roster has ${taken} of ${capacity}`);
    if (waitlisted !== waiting) differences.push(`${title}: says ${waitlisted} wait, the roster has ${waiting}`);
    if (waiting > 0 && taken < capacity)
      differences.push(`${title}: ${waiting} wait and only ${taken} of ${capacity} seats are taken`);
    const active = roster.filter(({ status }) => status !== 'cancelled');
    const listed = new Map(active.map((one) => [one.enrollmentId, one.status]));
    const held = new Map(theirs.map((one) => [one.id, one.status]));
    for (const [one, status] of listed) {
      if (held.get(one) !== status)
        differences.push(`${title}: the roster has ${one} as ${status}, its family as ${held.get(one) ?? 'nothing'}`);
    }
    for (const [one, status] of held) {
      if (!listed.has(one)) differences.push(`${title}: ${one} is ${status} for its family and not on the roster`);
    }
    return differences;
  });
}
