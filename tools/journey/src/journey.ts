import { randomUUID } from 'node:crypto';
import { confirmAddresses, resetPassword } from './account-mails.ts';
import { addressOf, checkAddress } from './addresses.ts';
import { changeMind, giveBack } from './cancel.ts';
import { readCast } from './cast.ts';
import { Browser, type Traffic } from './client.ts';
import { openTerm, signInCoordinator } from './coordinator.ts';
import { enrol } from './enrol.ts';
import type { Evidence } from './evidence.ts';
import { newHousehold, type Household } from './household.ts';
import { Listener } from './listen.ts';
import { Outage } from './outage.ts';
import { Mailroom, PaymentBooks } from './outside.ts';
import { register, signIn } from './register.ts';
import {
  readAnnouncements,
  readBooks,
  readClasses,
  readHistories,
  readInboxes,
  settleMails,
  settlePayments,
  settleStreams,
  type Scene,
} from './settle.ts';
import type { Settings } from './settings.ts';
import { countUp } from './table.ts';
import { inParallel } from './until.ts';

export interface Story {
  readonly evidence: Evidence;
  readonly counts: [string, string | number][];
  readonly seconds: [string, string | number][];
  /** What went wrong on the way, before anything was checked. */
  readonly troubles: readonly string[];
}

/** Plays the whole journey. Families that run into something unexpected stay behind and are told in `troubles`. */
export async function play(settings: Settings, say: (line: string) => void): Promise<Story> {
  const { gateway, run, clients, coordinator } = settings;
  const cast = readCast(run, settings.families);
  const traffic: Traffic = { requests: 0, repeated: 0, rateLimited: [] };
  const payments = new PaymentBooks(settings.payments);
  const mailroom = new Mailroom(settings.mail, run);
  const households = cast.families.map((family, index) =>
    newHousehold(family, new Browser(gateway, addressOf(run, 250 + index), traffic), randomUUID()),
  );
  const troubles: string[] = [];
  const scene: Scene = { run, clients, quietMs: settings.quietMs, households, mailroom, payments, traffic, troubles };
  const seconds: [string, string | number][] = [];
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const answer = await work();
    const took = ((performance.now() - startedAt) / 1000).toFixed(1);
    seconds.push([what, `${took} s`]);
    say(`  ✓ ${what.padEnd(46)} ${took.padStart(6)} s`);
    return answer;
  };
  const desk = (index: number): Promise<Browser> =>
    signInCoordinator(gateway, addressOf(run, index), traffic, coordinator);
  /** What one family runs into is its own trouble. */
  const each = (work: (household: Household, index: number) => Promise<void>): Promise<void> =>
    inParallel(households, clients, async (household, index) => {
      try {
        await work(household, index);
      } catch (error) {
        troubles.push(`${household.cast.guardian.email}: ${describe(error)}`);
      }
    });

  await checkAddress(addressOf(run, 0));
  await payments.begin();
  await timed(`${cast.classCount} classes imported, twice`, async () => openTerm(await desk(0), cast));
  await timed(`${households.length} families registered, addresses confirmed`, async () => {
    let registered: number | undefined;
    const confirming = confirmAddresses(households, mailroom, {
      registered: () => registered,
      timeoutMs: settings.quietMs,
    });
    await Promise.all([
      each(register).then(() => (registered = households.filter(({ id }) => id !== '').length)),
      confirming.catch((error: unknown) => troubles.push(describe(error))),
    ]);
  });
  await timed(`${households.length} families signed in`, () =>
    each(async (household, index) => {
      await signIn(household);
      if (index === 3) await resetPassword(household, mailroom, settings.quietMs);
      if (index % 20 !== 7) return;
      const trouble = (error: unknown): unknown =>
        troubles.push(`${household.cast.guardian.email}: ${describe(error)}`);
      household.listener = new Listener(household.browser, trouble);
    }),
  );

  const outage = new Outage(payments, cast.wishCount);
  await timed(`${cast.wishCount} wishes, payments down and up`, async () => {
    const wishing = each(async (household, index) => {
      try {
        await enrol(household, run, (wish, startedAt) => outage.wishDone(wish, startedAt));
      } finally {
        outage.skip(household.cast.wishes.length - household.wishes.length);
      }
      await changeMind(household, index);
    });
    await Promise.all([wishing, outage.run(households).catch((error: unknown) => troubles.push(describe(error)))]);
  });
  await timed('every seat paid', () => settlePayments(scene));
  await timed('seats and places given back', () => each(giveBack));
  await timed('every promotion paid', () => settlePayments(scene));
  await timed('histories read', () => readHistories(scene));
  await timed('mails at rest', () => settleMails(scene));
  await timed('inboxes read', () => readInboxes(scene));
  await timed('open pages have heard of everything', () => settleStreams(scene));
  const books = await timed('the provider’s books read', () => readBooks(scene));
  const rolls = await timed('classes and rosters read', async () => readClasses(scene, await desk(1)));
  const announced = await timed('coordinators’ inbox read', async () => readAnnouncements(scene, await desk(2)));
  for (const { browser } of households) browser.close();
  await payments.fault();

  const families = households.map(({ listener, ...household }) => ({
    ...household,
    email: household.cast.guardian.email,
    ...(listener === undefined ? {} : { heard: listener.heard }),
  }));
  const evidence: Evidence = { ...books, ...rolls, announced, families, mails: mailroom.mails, traffic };
  const counts = countUp(cast, evidence, outage);
  return { evidence, counts, seconds, troubles };
}

const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};
