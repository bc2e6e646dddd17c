import type { Progress } from '@homeroom/terminal';
import { addressOf, checkAddress } from './client/addresses.ts';
import { Listener } from './client/listen.ts';
import { countUp } from './counts.ts';
import type { Evidence } from './evidence/evidence.ts';
import { confirmAddresses, resetPassword } from './families/account-mails.ts';
import { cancelEarly, cancelPaid } from './families/cancel.ts';
import { changeClasses } from './families/change-classes.ts';
import { openTerm } from './families/coordinator.ts';
import { enroll } from './families/enroll.ts';
import { register, signIn } from './families/register.ts';
import { Outage } from './outage.ts';
import { Scene } from './scene.ts';
import type { Settings } from './settings.ts';
import {
  readAnnouncements,
  readBooks,
  readClasses,
  readHistories,
  readInboxes,
  settleChanges,
  settleMails,
  settlePayments,
  settleStreams,
} from './settle.ts';

/** Plays the whole journey. What a family runs into ends its part and is reported in `troubles`. */
export async function play(settings: Settings, progress: Progress) {
  const scene = new Scene(settings, progress);
  const { cast, households, payments } = scene;
  await checkAddress(addressOf(settings.run, 0));
  await payments.begin();
  await scene.act(`${cast.classCount} classes imported, twice`, async () => openTerm(await scene.desk(0), cast));
  await scene.act(`${households.length} families registered, addresses confirmed`, () => registerAll(scene));
  await scene.act(`${households.length} families signed in`, () => signInAll(scene));
  const outage = new Outage(payments, cast.wishCount);
  await scene.act(`${cast.wishCount} wishes, payments down and up`, () => enrollAll(scene, outage));
  await scene.act('every seat paid', () => settlePayments(scene));
  await scene.act('seats and waitlist places canceled', () => scene.each(cancelPaid));
  await scene.act('every promotion paid', () => settlePayments(scene));
  const changes = await scene.act('one class canceled, another moved', async () =>
    changeClasses(scene, await scene.desk(3)),
  );
  await scene.act('both changes carried out', () => settleChanges(scene, changes));
  await scene.act('histories read', () => readHistories(scene));
  await scene.act('mails at rest', () => settleMails(scene));
  await scene.act('inboxes read', () => readInboxes(scene));
  await scene.act('live streams complete', () => settleStreams(scene));
  const books = await scene.act('charges and refunds read', () => readBooks(scene));
  const rolls = await scene.act('classes and rosters read', async () => readClasses(scene, await scene.desk(1)));
  const announced = await scene.act('coordinators’ inbox read', async () =>
    readAnnouncements(scene, await scene.desk(2)),
  );
  for (const { browser } of households) browser.close();
  await payments.fault();

  const families = households.map(({ listener, ...household }) => ({
    ...household,
    email: household.cast.guardian.email,
    ...(listener === undefined ? {} : { streamed: listener.received }),
  }));
  const { mails } = scene.mailroom;
  const evidence: Evidence = { ...books, ...rolls, announced, changes, families, mails, traffic: scene.traffic };
  return { evidence, counts: countUp(cast, evidence, outage), seconds: scene.seconds, troubles: scene.troubles };
}

async function registerAll(scene: Scene): Promise<void> {
  const { households, mailroom, settings } = scene;
  let registered: number | undefined;
  const patience = { registered: () => registered, timeoutMs: settings.quietMs };
  const confirming = confirmAddresses(households, mailroom, patience);
  await Promise.all([
    scene.each(register).then(() => (registered = households.filter(({ id }) => id !== '').length)),
    confirming.catch((error: unknown) => scene.trouble(error)),
  ]);
}

/** One family resets its password, and every twentieth keeps a page open. */
function signInAll(scene: Scene): Promise<void> {
  return scene.each(async (household, index) => {
    await signIn(household);
    if (index === 3) await resetPassword(household, scene.mailroom, scene.settings.quietMs);
    if (index % 20 === 7)
      household.listener = new Listener(household.browser, (error) => scene.trouble(error, household));
  });
}

async function enrollAll(scene: Scene, outage: Outage): Promise<void> {
  const wishing = scene.each(async (household, index) => {
    try {
      await enroll(household, scene.settings.run, (wish, startedAt) => outage.wishDone(wish, startedAt));
    } finally {
      outage.skip(household.cast.wishes.length - household.wishes.length);
    }
    await cancelEarly(household, index);
  });
  await Promise.all([wishing, outage.run(scene.households).catch((error: unknown) => scene.trouble(error))]);
}
