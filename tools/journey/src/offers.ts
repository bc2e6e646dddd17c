import { enrollment } from './api.ts';
import type { Household } from './household.ts';
import { cancel } from './cancel.ts';

/** Answers every offer of a seat at an hour that the child has given away meanwhile: every other family accepts. */
export async function answerOffers(household: Household, index: number): Promise<void> {
  for (const { id } of household.enrollments.filter(({ status }) => status === 'offered')) {
    if (index % 2 === 0) {
      await household.browser.expect(['POST', `/api/enrollments/${id}/accept`], [200, enrollment], {
        idempotencyKey: `accept-${id}`,
      });
    } else await cancel(household, id);
  }
}
