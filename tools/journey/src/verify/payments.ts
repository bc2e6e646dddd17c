import type { Difference, Evidence } from '../evidence/evidence.ts';

/** Exactly one charge per paid seat, full refunds for canceled ones, and no other charge. */
export function verifyPayments({ families, charges, refunds, classes }: Evidence): Difference[] {
  const prices = new Map(classes.map(({ id, priceCents, currency }) => [id, { priceCents, currency }]));
  const taken = Map.groupBy(
    charges.filter(({ status }) => status === 'succeeded'),
    ({ reference }) => reference,
  );
  const known = new Set(families.flatMap(({ enrollments }) => enrollments.map(({ id }) => id)));
  const differences: Difference[] = families.flatMap(({ email, enrollments, cancels }) =>
    enrollments.flatMap(({ id, status, class: { id: classId, title } }) => {
      const { priceCents = 0, currency = '' } = prices.get(classId) ?? {};
      const paid = taken.get(id) ?? [];
      const refunded = refunds
        .filter(({ reference }) => reference === id)
        .reduce((sum, { amountCents }) => sum + amountCents, 0);
      const name = `${email}, ${title} (${status})`;
      if (paid.length > 1) return [`${name}: charged ${paid.length} times`];
      const [only] = paid;
      const amount = only?.amountCents ?? 0;
      if (only !== undefined && (amount !== priceCents || only.currency !== currency))
        return [`${name}: charged ${amount} instead of ${priceCents}`];
      if (status === 'enrolled' && amount !== priceCents) return [`${name}: has a seat and paid nothing`];
      if (status === 'waitlisted' && amount > 0) return [`${name}: paid without a seat`];
      const owed = status === 'cancelled' ? amount : 0;
      const promised = cancels.find(({ enrollmentId }) => enrollmentId === id)?.refundCents ?? 0;
      if (refunded !== owed) return [`${name}: paid ${amount}, got back ${refunded} instead of ${owed}`];
      return promised > refunded ? [`${name}: was promised ${promised} back and got ${refunded}`] : [];
    }),
  );
  for (const { reference, id } of charges)
    if (!known.has(reference)) differences.push(`charge ${id} is for ${reference}, which is no enrollment of this run`);
  return differences;
}
