import { cancelled, enrollment, type Enrollment } from '../client/api.ts';
import { UnexpectedAnswerError, read } from '../client/browser.ts';
import { grantedOf, type Household } from './household.ts';

/** Every ninth family cancels its first place while wishes still arrive and the payment provider may be down. */
export async function cancelEarly(household: Household, index: number): Promise<void> {
  if (index % 9 !== 4) return;
  const [first] = grantedOf(household);
  if (first !== undefined) await cancel(household, first.enrollmentId);
}

/** After all payments: every fourth family cancels a seat, a paid one if it has one; every thirteenth a waitlist place. */
export async function cancelPaid(household: Household, index: number): Promise<void> {
  const pick = (status: Enrollment['status']): Enrollment[] =>
    household.enrollments.filter((one) => one.status === status);
  const seats = pick('enrolled').sort((a, b) => b.amountCents - a.amountCents);
  if (index % 4 === 1 && seats[0] !== undefined) {
    await cancel(household, seats[0].id);
    // the second request gets the first answer
    if (index % 16 === 1) await cancelAgain(household, seats[0].id);
  }
  const waiting = pick('waitlisted')[0];
  if (index % 13 === 5 && waiting !== undefined) await cancel(household, waiting.id);
}

/** Answers each offer of a seat at an hour that the child has taken meanwhile: every other family accepts. */
export async function answerOffers(household: Household, index: number): Promise<void> {
  for (const { id } of household.enrollments.filter(({ status }) => status === 'offered')) {
    const accept = ['POST', `/api/enrollments/${id}/accept`] as const;
    if (index % 2 !== 0) await cancel(household, id);
    else await household.browser.expect(accept, [200, enrollment], { idempotencyKey: `accept-${id}` });
  }
}

/** Cancels an enrollment, and notes the refund that the answer promises. */
async function cancel(household: Household, enrollmentId: string): Promise<void> {
  const path = `/api/enrollments/${enrollmentId}`;
  const { refundCents } = await household.browser.expect(['DELETE', path], [200, cancelled]);
  household.cancels.push({ enrollmentId, refundCents });
}

async function cancelAgain(household: Household, enrollmentId: string): Promise<void> {
  const answer = await household.browser.send('DELETE', `/api/enrollments/${enrollmentId}`);
  const { refundCents } = read(answer, 200, cancelled);
  const first = household.cancels.find((one) => one.enrollmentId === enrollmentId)?.refundCents;
  if (refundCents !== first) throw new UnexpectedAnswerError(answer, `the first answer refunded ${first ?? 0}`);
}
