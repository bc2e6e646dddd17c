import type { Difference, Evidence } from '../evidence/evidence.ts';
import { entryOf, statusOf } from '../evidence/expected.ts';

/** Statuses and versions are the sum of the events: 1, 2, 3 …, and the last one gives the status. */
export function verifyHistories({ families }: Evidence): Difference[] {
  return families.flatMap(({ email, enrollments, histories, wishes }) =>
    enrollments.flatMap(({ id, status, version, class: { title } }) => {
      const history = histories.get(id) ?? [];
      const story = history.map(entryOf).join(' → ');
      const differences: Difference[] = [];
      if (statusOf(history) !== status) differences.push(`${email}, ${title}: is ${status}, its history says ${story}`);
      if (history.length !== version || history.some((entry, index) => entry.version !== index + 1)) {
        differences.push(
          `${email}, ${title}: version ${version}, its history has ${history.map((entry) => entry.version).join(', ')}`,
        );
      }
      const first = wishes.find(({ outcome }) => 'enrollmentId' in outcome && outcome.enrollmentId === id)?.outcome
        .kind;
      const began = history[0] === undefined ? 'nothing' : entryOf(history[0]);
      if ((first === 'waitlist') !== (began === 'waitlisted')) {
        differences.push(`${email}, ${title}: was answered “${first ?? 'nothing'}”, its history begins with ${began}`);
      }
      return differences;
    }),
  );
}
