import type { Progress } from '@homeroom/terminal';
import { randomUUID } from 'node:crypto';
import { addressOf } from './client/addresses.ts';
import { Browser, type Traffic } from './client/browser.ts';
import { Mailroom, PaymentBooks } from './client/outside.ts';
import { inParallel } from './client/until.ts';
import { readCast, type Cast } from './families/cast.ts';
import { signInCoordinator } from './families/coordinator.ts';
import { newHousehold, type Household } from './families/household.ts';
import type { Settings } from './settings.ts';

/** One run: its families, what they need, and what happened so far. */
export class Scene {
  readonly settings: Settings;
  readonly cast: Cast;
  readonly households: readonly Household[];
  readonly mailroom: Mailroom;
  readonly payments: PaymentBooks;
  readonly traffic: Traffic = { requests: 0, repeated: 0, rateLimited: [] };
  /** What came too late, and everything else that should not have happened on the way. */
  readonly troubles: string[] = [];
  readonly seconds: [string, string][] = [];
  readonly #progress: Progress;

  constructor(settings: Settings, progress: Progress) {
    const { gateway, run } = settings;
    this.settings = settings;
    this.#progress = progress;
    this.cast = readCast(run, settings.families);
    this.payments = new PaymentBooks(settings.payments);
    this.mailroom = new Mailroom(settings.mail, run);
    this.households = this.cast.families.map((family, index) =>
      newHousehold(family, new Browser(gateway, addressOf(run, 250 + index), this.traffic), randomUUID()),
    );
  }

  /** Runs and times one part of the journey. */
  async act<T>(what: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await this.#progress.step(what, work);
    this.seconds.push([what, `${((performance.now() - startedAt) / 1000).toFixed(1)} s`]);
    return result;
  }

  /** A coordinator's browser. */
  desk(index: number): Promise<Browser> {
    const { gateway, run, coordinator } = this.settings;
    return signInCoordinator(gateway, addressOf(run, index), this.traffic, coordinator);
  }

  /** Works for all families, some at once. What one runs into does not stop the others. */
  each(work: (household: Household, index: number) => Promise<void>): Promise<void> {
    return inParallel(this.households, this.settings.clients, async (household, index) => {
      await work(household, index).catch((error: unknown) => this.trouble(error, household));
    });
  }

  trouble(error: unknown, household?: Household): void {
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    const what = error instanceof Error ? `${error.message}${cause}` : String(error);
    this.troubles.push(household === undefined ? what : `${household.cast.guardian.email}: ${what}`);
  }
}
