import { enrollment, enrollmentWithHistory, notification, rosterEntry, type RosterEntry } from './api.ts';
import { browseClasses, readAll } from './catalogue.ts';
import type { Browser, Traffic } from './client.ts';
import { holdsSeat, type Evidence } from './evidence.ts';
import { accountMailsOf, isAccountMail, mailsOf, statusOf } from './expected.ts';
import type { Household } from './household.ts';
import { answerOffers } from './offers.ts';
import type { Mailroom, PaymentBooks } from './outside.ts';
import { inParallel, TooLateError, until } from './until.ts';

export interface Scene {
  readonly run: string;
  readonly clients: number;
  /** How long each of the things that must come to rest may take. */
  readonly quietMs: number;
  readonly households: readonly Household[];
  readonly mailroom: Mailroom;
  readonly payments: PaymentBooks;
  readonly traffic: Traffic;
  /** What came too late, and everything else that should not have happened on the way. */
  readonly troubles: string[];
}

/**
 * Waits until no seat waits for its payment, and answers what is offered. Each family looks for itself, as people do who wait:
 * every two seconds.
 */
export async function settlePayments(scene: Scene): Promise<void> {
  await inParallel(scene.households, scene.clients, (household, index) =>
    patiently(scene, `${household.cast.guardian.email}: every seat is paid or free`, 2000, async () => {
      household.enrollments = await readAll(household.browser, '/api/enrollments?limit=100', enrollment);
      await answerOffers(household, index);
      return household.enrollments.every(({ status }) => status !== 'payment_pending' && status !== 'offered');
    }),
  );
}

/** Reads what each enrolment says it went through. A replica may answer a moment late: then it is asked again. */
export async function readHistories(scene: Scene): Promise<void> {
  await inParallel(scene.households, scene.clients, async (household) => {
    for (const { id } of household.enrollments) {
      await patiently(scene, `${id}: its history and its status agree`, 1000, async () => {
        const one = await household.browser.expect(['GET', `/api/enrollments/${id}`], [200, enrollmentWithHistory]);
        household.histories.set(id, one.history);
        return statusOf(one.history) === one.status && one.history.length === one.version;
      });
    }
  });
}

/** Waits for every mail that the histories promise, then until nothing more comes. */
export async function settleMails({ households, mailroom, quietMs, troubles, ...scene }: Scene): Promise<void> {
  const promised = households.reduce(
    (sum, { histories, passwordReset }) =>
      sum +
      accountMailsOf({ passwordReset }).length +
      [...histories.values()].reduce((mails, history) => mails + mailsOf(history).length, 1),
    0,
  );
  const all = async (): Promise<boolean> => (await mailroom.fetch()).length >= promised;
  await patiently({ ...scene, households, mailroom, quietMs, troubles }, `${promised} mails have come`, 500, all);
  // one too many would come soon after: three looks that see no more
  let [seen, looks] = [-1, 0];
  await patiently({ ...scene, households, mailroom, quietMs, troubles }, 'no more mails come', 500, async () => {
    const { length } = await mailroom.fetch();
    looks = length === seen ? looks + 1 : 0;
    seen = length;
    return looks >= 3;
  });
}

/** Reads every inbox; one that is behind its mails is looked at again. */
export async function readInboxes(scene: Scene): Promise<void> {
  await inParallel(scene.households, scene.clients, async (household) => {
    const mails = scene.mailroom.mails.filter(
      (mail) => mail.to.includes(household.cast.guardian.email) && !isAccountMail(mail),
    ).length;
    await patiently(scene, `${household.cast.guardian.email}: ${mails} entries in the inbox`, 1500, async () => {
      household.inbox = await readAll(household.browser, '/api/notifications?limit=100', notification);
      return household.inbox.length >= mails;
    });
  });
}

/** Waits until open pages have heard of all that the inboxes have, and closes them. */
export async function settleStreams(scene: Scene): Promise<void> {
  for (const { listener, inbox, cast } of scene.households) {
    if (listener === undefined) continue;
    await patiently(scene, `${cast.guardian.email}: its open page has heard of ${inbox.length}`, 500, async () =>
      inbox.every(({ id }) => listener.heard.has(id)),
    );
    await listener.close();
  }
}

/** Waits for the catalogue to count what the families hold, and reads the rosters. */
export async function readClasses(scene: Scene, office: Browser): Promise<Pick<Evidence, 'classes' | 'rosters'>> {
  const held = new Map<string, number>();
  for (const one of scene.households.flatMap(({ enrollments }) => enrollments)) {
    if (holdsSeat(one)) held.set(one.class.id, (held.get(one.class.id) ?? 0) + 1);
  }
  let classes: Evidence['classes'] = [];
  await patiently(scene, 'the catalogue counts the seats that are taken', 3000, async () => {
    classes = [...(await browseClasses(office, scene.run)).values()];
    return classes.every(({ id, capacity, seatsLeft }) => capacity - seatsLeft === (held.get(id) ?? 0));
  });
  const rosters = new Map<string, RosterEntry[]>();
  for (const { id } of classes)
    rosters.set(id, await readAll(office, `/api/classes/${id}/roster?limit=100`, rosterEntry));
  return { classes, rosters };
}

/** Waits until the provider owes nobody a word, and reads its books. */
export async function readBooks(scene: Scene): Promise<Pick<Evidence, 'charges' | 'refunds'>> {
  const owed = scene.households.flatMap(({ cancels }) => cancels).filter(({ refundCents }) => refundCents > 0).length;
  await patiently(scene, `${owed} refunds are made and every webhook is delivered`, 500, async () => {
    const [refunds, { webhooks }] = await Promise.all([scene.payments.refunds(), scene.payments.status()]);
    return refunds.length >= owed && webhooks.pending === 0;
  });
  const [charges, refunds] = await Promise.all([scene.payments.charges(), scene.payments.refunds()]);
  return { charges, refunds };
}

/** The notices that coordinators got of this run's families, newest first. */
export async function readAnnouncements(scene: Scene, office: Browser): Promise<string[]> {
  const ours = new Set(scene.households.map(({ id }) => id));
  let announced: string[] = [];
  await patiently(scene, `coordinators have heard of ${ours.size} families`, 5000, async () => {
    const notices = await readAll(office, '/api/notifications?limit=100', notification);
    announced = notices
      .filter(({ kind }) => kind === 'family_registered')
      .map(({ data }) => data.familyId ?? '')
      .filter((id) => ours.has(id));
    return announced.length >= ours.size;
  });
  return announced;
}

/** Asks until it is so. What fails or comes too late is trouble, and the checks that follow say what of it is missing. */
async function patiently(scene: Scene, what: string, everyMs: number, isSo: () => Promise<boolean>): Promise<void> {
  try {
    await until(what, async () => ((await isSo()) ? true : undefined), { timeoutMs: scene.quietMs, everyMs });
  } catch (error) {
    scene.troubles.push(error instanceof TooLateError ? error.message : `${what}: ${String(error)}`);
  }
}
