import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { enrollment, problem, type ClassView } from '../client/api.ts';
import { read, type Answer } from '../client/browser.ts';
import { browseClasses } from '../client/pages.ts';
import type { Household, Outcome, Wish } from './household.ts';
import { addChild } from './register.ts';

/** Reads the class list and requests everything that the children wish, one after the other. */
export async function enroll(
  household: Household,
  run: string,
  onWish: (wish: Wish, startedAt: number) => void,
): Promise<void> {
  const classes = await browseClasses(household.browser, run);
  for (const { childName, classTitle } of household.cast.wishes) {
    const wanted = classes.get(classTitle);
    if (!household.childIds.has(childName)) await addChild(household, childName);
    const childId = household.childIds.get(childName);
    const birthDate = household.cast.children.find(({ name }) => name === childName)?.birthDate;
    if (wanted === undefined || childId === undefined || birthDate === undefined) {
      throw new Error(`${childName} or “${classTitle}” was not found`);
    }
    const startedAt = Date.now();
    const wish = { childId, birthDate, class: wanted, outcome: await ask(household, wanted, childId) };
    household.wishes.push(wish);
    onWish(wish, startedAt);
  }
}

async function ask({ browser, wishes }: Household, wanted: ClassView, childId: string): Promise<Outcome> {
  const options = { body: { classId: wanted.id, childId }, idempotencyKey: randomUUID() };
  const outcome = readOutcome(await browser.send('POST', '/api/enrollments', options));
  // a form that is submitted twice is one wish
  if (outcome.kind === 'seat' && wishes.length % 7 === 3)
    return sameAgain(outcome, await browser.send('POST', '/api/enrollments', options));
  return outcome;
}

function readOutcome(answer: Answer): Outcome {
  if (answer.status === 201) {
    const { id, status } = read(answer, 201, enrollment);
    return { kind: status === 'waitlisted' ? 'waitlist' : 'seat', enrollmentId: id, status };
  }
  const refusal = problem.safeParse(answer.body);
  const isRefusal = answer.status === 409 || answer.status === 422;
  return isRefusal && refusal.success
    ? { kind: 'refused', code: refusal.data.code, detail: refusal.data.detail ?? '' }
    : {
        kind: 'broken',
        what: `${answer.request} answered ${answer.status}: ${JSON.stringify(answer.body).slice(0, 300)}`,
      };
}

function sameAgain(first: Extract<Outcome, { enrollmentId: string }>, { status, body }: Answer): Outcome {
  const { id } = z.looseObject({ id: z.string().optional() }).parse(body);
  if ((status === 201 || status === 200) && id === first.enrollmentId) return first;
  return {
    kind: 'broken',
    what: `the same Idempotency-Key answered ${status} ${JSON.stringify(body)} after ${first.enrollmentId}`,
  };
}
