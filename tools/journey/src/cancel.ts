import { cancelled, type Enrollment } from './api.ts';
import { UnexpectedAnswerError, read } from './client.ts';
import { grantedOf, type Household } from './household.ts';

/** While the wishes still come in, and the payment provider may be down: a family thinks better of its first place. */
export async function changeMind(household: Household, index: number): Promise<void> {
  if (index % 9 !== 4) return;
  const [first] = grantedOf(household);
  if (first !== undefined) await cancel(household, first.enrollmentId);
}

/** When all is paid: every fourth family gives back a seat, a paid one when it has one; every thirteenth a place in a queue. */
export async function giveBack(household: Household, index: number): Promise<void> {
  const pick = (status: Enrollment['status']): Enrollment[] =>
    household.enrollments.filter((one) => one.status === status);
  const seats = pick('enrolled').sort((a, b) => b.amountCents - a.amountCents);
  if (index % 4 === 1 && seats[0] !== undefined) {
    await cancel(household, seats[0].id);
    // asking twice gives the first answer
    if (index % 16 === 1) await cancelAgain(household, seats[0].id);
  }
  const waiting = pick('waitlisted')[0];
  if (index % 13 === 5 && waiting !== undefined) await cancel(household, waiting.id);
}

/** Cancels an enrollment, and keeps what the answer promises to give back. */
export async function cancel(household: Household, enrollmentId: string): Promise<void> {
  const { refundCents } = await household.browser.expect(
    ['DELETE', `/api/enrollments/${enrollmentId}`],
    [200, cancelled],
  );
  household.cancels.push({ enrollmentId, refundCents });
}

async function cancelAgain(household: Household, enrollmentId: string): Promise<void> {
  const answer = await household.browser.send('DELETE', `/api/enrollments/${enrollmentId}`);
  const { refundCents } = read(answer, 200, cancelled);
  const first = household.cancels.find((one) => one.enrollmentId === enrollmentId)?.refundCents;
  if (refundCents !== first) throw new UnexpectedAnswerError(answer, `the first answer gave back ${first ?? 0}`);
}
