import type { Charge, ClassView, Enrollment, Mail, Refund, RosterEntry } from '../client/api.ts';
import type { Traffic } from '../client/browser.ts';
import type { ClassChanges, Household } from '../families/household.ts';

/** Everything that is visible from the outside when all is at rest. */
export interface Evidence {
  readonly classes: readonly ClassView[];
  /** By class id. */
  readonly rosters: ReadonlyMap<string, readonly RosterEntry[]>;
  readonly families: readonly FamilyEvidence[];
  readonly mails: readonly Mail[];
  readonly charges: readonly Charge[];
  readonly refunds: readonly Refund[];
  /** The families in the coordinators' notices, one entry per notice. */
  readonly announced: readonly string[];
  readonly changes: Partial<ClassChanges>;
  readonly traffic: Traffic;
}

export type FamilyEvidence = Pick<
  Household,
  'id' | 'wishes' | 'cancels' | 'enrollments' | 'histories' | 'inbox' | 'mailsBeforeConfirmed' | 'passwordReset'
> & {
  readonly email: string;
  /** The notifications that an open page received, for families that had one. */
  readonly streamed?: ReadonlySet<string>;
};

/** A promise that was not kept. */
export type Difference = string;

export const holdsSeat = ({ status }: Pick<Enrollment, 'status'>): boolean =>
  status === 'enrolled' || status === 'payment_pending' || status === 'offered';

export const count = (items: Iterable<string>): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
};
