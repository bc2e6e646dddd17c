import { enrollment, enrollmentWithHistory, notification, rosterEntry, type RosterEntry } from './client/api.ts';
import type { Browser } from './client/browser.ts';
import { browseClasses, readAll } from './client/pages.ts';
import { inParallel, TooLateError, until } from './client/until.ts';
import { count, holdsSeat, type Evidence } from './evidence/evidence.ts';
import { accountMailsOf, entryOf, isAccountMail, mailsOf, statusOf } from './evidence/expected.ts';
import { answerOffers } from './families/cancel.ts';
import { readCanceled } from './families/change-classes.ts';
import type { ClassChanges } from './families/household.ts';
import type { Scene } from './scene.ts';

/** Waits until no payment is pending, and answers offers. Each family polls every two seconds, as waiting people do. */
export async function settlePayments(scene: Scene): Promise<void> {
  await inParallel(scene.households, scene.settings.clients, (household, index) =>
    settled(scene, `${household.cast.guardian.email}: every seat is paid or free`, 2000, async () => {
      household.enrollments = await readAll(household.browser, '/api/enrollments?limit=100', enrollment);
      await answerOffers(household, index);
      return household.enrollments.every(({ status }) => status !== 'payment_pending' && status !== 'offered');
    }),
  );
}

/** Waits until the canceled class has nobody left, and everyone in the moved one has been notified. */
export async function settleChanges(scene: Scene, changes: ClassChanges): Promise<void> {
  await settled(scene, 'the canceled class has nobody left', 1000, () => readCanceled(scene, changes));
  const { classId } = changes.moved;
  await settled(scene, 'everyone in the moved class has its new hours', 1000, async () => {
    let waiting = 0;
    await inParallel(scene.households, scene.settings.clients, async ({ browser, enrollments }) => {
      for (const one of enrollments.filter(
        ({ status, ...rest }) => status !== 'cancelled' && rest.class.id === classId,
      )) {
        const { history } = await browser.expect(['GET', `/api/enrollments/${one.id}`], [200, enrollmentWithHistory]);
        if (!history.some((entry) => entryOf(entry) === 'rescheduled')) waiting += 1;
      }
    });
    return waiting === 0;
  });
  await inParallel(scene.households, scene.settings.clients, async (household) => {
    household.enrollments = await readAll(household.browser, '/api/enrollments?limit=100', enrollment);
  });
}

/** Reads the history of each enrollment. A replica may lag a moment: then it is read again. */
export async function readHistories(scene: Scene): Promise<void> {
  await inParallel(scene.households, scene.settings.clients, async (household) => {
    for (const { id } of household.enrollments) {
      await settled(scene, `${id}: its history and its status agree`, 1000, async () => {
        const one = await household.browser.expect(['GET', `/api/enrollments/${id}`], [200, enrollmentWithHistory]);
        household.histories.set(id, one.history);
        return statusOf(one.history) === one.status && one.history.length === one.version;
      });
    }
  });
}

/** Waits for every mail that the histories promise, then until no more arrive. */
export async function settleMails(scene: Scene): Promise<void> {
  const { households, mailroom } = scene;
  const welcomes = 1;
  const promised = households.flatMap(({ histories, ...household }) => [
    welcomes + accountMailsOf(household).length,
    ...[...histories.values()].map((history) => mailsOf(history).length),
  ]);
  const total = promised.reduce((sum, mails) => sum + mails, 0);
  await settled(scene, `${total} mails have arrived`, 500, async () => (await mailroom.fetch()).length >= total);
  // one too many would arrive soon after: three looks that see no more
  let [seen, looks] = [-1, 0];
  await settled(scene, 'no more mails arrive', 500, async () => {
    const { length } = await mailroom.fetch();
    looks = length === seen ? looks + 1 : 0;
    seen = length;
    return looks >= 3;
  });
}

/** Reads every inbox, again while it lags behind the mails. */
export async function readInboxes(scene: Scene): Promise<void> {
  await inParallel(scene.households, scene.settings.clients, async (household) => {
    const { email } = household.cast.guardian;
    const mails = scene.mailroom.mails.filter((mail) => mail.to.includes(email) && !isAccountMail(mail)).length;
    await settled(scene, `${email}: ${mails} entries in the inbox`, 1500, async () => {
      household.inbox = await readAll(household.browser, '/api/notifications?limit=100', notification);
      return household.inbox.length >= mails;
    });
  });
}

/** Waits until open pages have received everything that the inboxes have, and closes them. */
export async function settleStreams(scene: Scene): Promise<void> {
  for (const { listener, inbox, cast } of scene.households) {
    if (listener === undefined) continue;
    await settled(scene, `${cast.guardian.email}: its open page has received ${inbox.length}`, 500, async () =>
      inbox.every(({ id }) => listener.received.has(id)),
    );
    await listener.close();
  }
}

/** Waits until the class list counts what the families hold, and reads the rosters. */
export async function readClasses(scene: Scene, desk: Browser): Promise<Pick<Evidence, 'classes' | 'rosters'>> {
  const enrollments = scene.households.flatMap((household) => household.enrollments);
  const held = count(enrollments.filter(holdsSeat).map((one) => one.class.id));
  let classes: Evidence['classes'] = [];
  await settled(scene, 'the class list counts the taken seats', 3000, async () => {
    classes = [...(await browseClasses(desk, scene.settings.run)).values()];
    return classes.every(({ id, capacity, seatsLeft }) => capacity - seatsLeft === (held.get(id) ?? 0));
  });
  const rosters = new Map<string, RosterEntry[]>();
  for (const { id } of classes)
    rosters.set(id, await readAll(desk, `/api/classes/${id}/roster?limit=100`, rosterEntry));
  return { classes, rosters };
}

/** Waits until every refund is made and every webhook delivered, and reads the provider's books. */
export async function readBooks({ payments, ...scene }: Scene): Promise<Pick<Evidence, 'charges' | 'refunds'>> {
  const owed = scene.households.flatMap(({ cancels }) => cancels).filter(({ refundCents }) => refundCents > 0).length;
  await settled(scene, `${owed} refunds are made and every webhook is delivered`, 500, async () => {
    const [refunds, { webhooks }] = await Promise.all([payments.refunds(), payments.status()]);
    return refunds.length >= owed && webhooks.pending === 0;
  });
  const [charges, refunds] = await Promise.all([payments.charges(), payments.refunds()]);
  return { charges, refunds };
}

/** The coordinators' notices about this run's families, newest first. */
export async function readAnnouncements(scene: Scene, desk: Browser): Promise<string[]> {
  const ours = new Set(scene.households.map(({ id }) => id));
  let announced: string[] = [];
  await settled(scene, `coordinators were notified of ${ours.size} families`, 5000, async () => {
    const notices = await readAll(desk, '/api/notifications?limit=100', notification);
    announced = notices
      .filter(({ kind }) => kind === 'family_registered')
      .map(({ data }) => data.familyId ?? '')
      .filter((id) => ours.has(id));
    return announced.length >= ours.size;
  });
  return announced;
}

/** Polls until it is so. What fails or takes too long is reported, and the checks that follow find what is missing. */
async function settled(
  { settings, troubles }: Pick<Scene, 'settings' | 'troubles'>,
  what: string,
  everyMs: number,
  isSo: () => Promise<boolean>,
): Promise<void> {
  try {
    await until(what, async () => (await isSo()) || undefined, { timeoutMs: settings.quietMs, everyMs });
  } catch (error) {
    troubles.push(error instanceof TooLateError ? error.message : `${what}: ${String(error)}`);
  }
}
