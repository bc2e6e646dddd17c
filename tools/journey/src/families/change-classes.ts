import { isDeepStrictEqual } from 'node:util';
import { canceledClass, changedClass, enrollment, type ClassView } from '../client/api.ts';
import type { Browser } from '../client/browser.ts';
import { browseClasses, readAll } from '../client/pages.ts';
import { inParallel } from '../client/until.ts';
import type { Scene } from '../scene.ts';
import type { ClassChanges } from './household.ts';

const reason = 'Too few grown-ups can help this term.';
const days = ['sunday', 'saturday', 'friday', 'thursday', 'wednesday', 'tuesday', 'monday'] as const;

/** A coordinator cancels the class with the most children and moves the next one to a day of its own. */
export async function changeClasses(scene: Scene, desk: Browser): Promise<ClassChanges> {
  const classes = [...(await browseClasses(desk, scene.settings.run)).values()];
  const [canceled, moved] = classes.sort((a, b) => takenOf(b) - takenOf(a));
  if (canceled === undefined || moved === undefined) throw new Error('there are no two classes to change');
  await cancelClass(desk, canceled);
  const room = `Meadow ${scene.settings.run}`;
  const weekday = days.find((day) => classes.every((one) => one.weekday !== day)) ?? 'sunday';
  await moveClass(desk, moved, { room, weekday });
  return { canceled: { classId: canceled.id, reason }, moved: { classId: moved.id, room } };
}

const takenOf = ({ capacity, seatsLeft, waitlisted }: ClassView): number => capacity - seatsLeft + waitlisted;

/** The second request gets the first answer. */
async function cancelClass(desk: Browser, { id }: ClassView): Promise<void> {
  const send = (why: string) =>
    desk.expect(['POST', `/api/classes/${id}/cancel`], [200, canceledClass], { body: { reason: why }, harmless: true });
  const [first, second] = [await send(reason), await send('Another reason')];
  if (!isDeepStrictEqual(first, second) || first.canceled.reason !== reason) {
    throw new Error(
      `the second cancellation was answered ${JSON.stringify(second)}, the first ${JSON.stringify(first)}`,
    );
  }
}

/** Looks first. The teacher may be there for the class of an earlier run on the same stack: the coordinator has a reason. */
async function moveClass(desk: Browser, { id }: ClassView, to: { room: string; weekday: string }): Promise<void> {
  const path = `/api/classes/${id}`;
  const preview = await desk.expect(['PATCH', `${path}?preview=true`], [200, changedClass], { body: to });
  const override = { doubleBooking: true, reason: 'Runs of the journey share their teachers' };
  const changed = await desk.expect(['PATCH', path], [200, changedClass], { body: { ...to, override } });
  if (!isDeepStrictEqual(preview.childConflicts, changed.childConflicts)) {
    throw new Error(`the preview of ${id} listed other conflicts than the change`);
  }
}

/** Reads what the canceled class owes its families: they did not cancel themselves. */
export async function readCanceled({ households, settings }: Scene, { canceled }: ClassChanges): Promise<boolean> {
  let done = true;
  await inParallel(households, settings.clients, async (household) => {
    household.enrollments = await readAll(household.browser, '/api/enrollments?limit=100', enrollment);
    for (const { id, status, refundCents = 0, ...one } of household.enrollments) {
      if (one.class.id !== canceled.classId) continue;
      if (status !== 'cancelled') done = false;
      else if (!household.cancels.some(({ enrollmentId }) => enrollmentId === id))
        household.cancels.push({ enrollmentId: id, refundCents });
    }
  });
  return done;
}
