import type { History, Mail } from '../client/api.ts';
import type { Difference, Evidence, FamilyEvidence } from '../evidence/evidence.ts';
import { entryOf } from '../evidence/expected.ts';

/**
 * The canceled class has nobody left, and its families were notified with the reason; those of the moved class with the new
 * room. Counts of mails and refunds are in the other promises.
 */
export function verifyChanges({ changes: { canceled, moved }, families, mails }: Evidence): Difference[] {
  const byNotification = new Map(mails.map((mail) => [mail.headers['x-homeroom-notification'], mail]));
  return families.flatMap((family) =>
    family.enrollments.flatMap(({ id, status, class: { id: classId, title } }) => {
      const name = `${family.email}, ${title}`;
      const history = family.histories.get(id) ?? [];
      const mailed = (kind: string): Mail[] => mailsOf(family, id, kind, byNotification);
      if (classId === canceled?.classId) {
        const withClass = history.filter((entry) => entry['classCanceled'] !== undefined).length;
        const notified = mailed('class_canceled').filter(({ text }) => text.includes(canceled.reason)).length;
        return [
          ...(status === 'cancelled' ? [] : [`${name}: is ${status} in a canceled class`]),
          ...(notified === withClass
            ? []
            : [`${name}: ${notified} mails give the reason of ${withClass} cancellations`]),
        ];
      }
      const moves = history.filter((entry) => entryOf(entry) === 'rescheduled').length;
      const expected = classId === moved?.classId && wasActive(status, history) ? 1 : 0;
      const notified = mailed('class_changed').filter(({ text }) => text.includes(moved?.room ?? '')).length;
      return moves === expected && notified === expected
        ? []
        : [`${name}: moved ${moves} times with ${notified} mails instead of ${expected}`];
    }),
  );
}

/** Whether the enrollment had not ended when the class was moved: families cancel before. */
const wasActive = (status: string, history: History): boolean =>
  status !== 'cancelled' || history.some((entry) => entryOf(entry) === 'rescheduled');

function mailsOf(
  { inbox }: FamilyEvidence,
  enrollmentId: string,
  kind: string,
  byNotification: ReadonlyMap<string | undefined, Mail>,
): Mail[] {
  return inbox.flatMap((entry) => {
    const mail = byNotification.get(entry.id);
    return entry.kind === kind && entry.data.enrollmentId === enrollmentId && mail !== undefined ? [mail] : [];
  });
}
