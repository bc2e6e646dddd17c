import type { ClassView, Enrollment, History, Notification } from './api.ts';
import type { CastFamily } from './cast.ts';
import type { Browser } from './client.ts';
import type { Listener } from './listen.ts';

/** What became of a wish. `broken` is an answer that no wish may get. */
export type Outcome =
  | { readonly kind: 'seat' | 'waitlist'; readonly enrollmentId: string; readonly status: Enrollment['status'] }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  | { readonly kind: 'broken'; readonly what: string };

export interface Wish {
  readonly childId: string;
  readonly birthDate: string;
  readonly class: ClassView;
  readonly outcome: Outcome;
}

export interface Cancel {
  readonly enrollmentId: string;
  readonly refundCents: number;
}

/** A family on its way through the journey: who they are, what they did, and what they see at the end. */
export interface Household {
  readonly cast: CastFamily;
  readonly browser: Browser;
  password: string;
  id: string;
  /** Ids by name: names are unique within a family of the seed. A child that is not registered yet has none. */
  readonly childIds: Map<string, string>;
  /** How many mails had come when the address was confirmed; undefined before. */
  mailsBeforeConfirmed?: number | undefined;
  /** Whether the password was reset by mail. */
  passwordReset: boolean;
  readonly wishes: Wish[];
  readonly cancels: Cancel[];
  enrollments: Enrollment[];
  readonly histories: Map<string, History>;
  inbox: Notification[];
  /** A page that stays open and listens; few families have one. */
  listener?: Listener;
}

export const newHousehold = (cast: CastFamily, browser: Browser, password: string): Household => ({
  cast,
  browser,
  password,
  id: '',
  childIds: new Map(),
  passwordReset: false,
  wishes: [],
  cancels: [],
  enrollments: [],
  histories: new Map(),
  inbox: [],
});

/** The enrolments that a household was granted, in the order of its wishes. */
export const grantedOf = ({
  wishes,
}: Pick<Household, 'wishes'>): { enrollmentId: string; kind: 'seat' | 'waitlist'; wish: Wish }[] =>
  wishes.flatMap((wish) =>
    wish.outcome.kind === 'seat' || wish.outcome.kind === 'waitlist'
      ? [{ enrollmentId: wish.outcome.enrollmentId, kind: wish.outcome.kind, wish }]
      : [],
  );
