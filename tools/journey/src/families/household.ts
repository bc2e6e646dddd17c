import type { ClassView, Enrollment, History, Notification } from '../client/api.ts';
import type { Browser } from '../client/browser.ts';
import type { Listener } from '../client/listen.ts';
import type { CastFamily } from './cast.ts';

/** The outcome of a wish. `broken` is an unexpected answer. */
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

/** A cancellation by the family, or with its class. */
export interface Cancel {
  readonly enrollmentId: string;
  readonly refundCents: number;
}

/** What a coordinator did to two classes when everybody was in them. */
export interface ClassChanges {
  readonly canceled: { readonly classId: string; readonly reason: string };
  readonly moved: { readonly classId: string; readonly room: string };
}

/** A family in the journey: its data, what it did, and what it sees at the end. */
export interface Household {
  readonly cast: CastFamily;
  readonly browser: Browser;
  password: string;
  id: string;
  /** Ids by name, which is unique within a family of the seed. A child without an id is not registered yet. */
  readonly childIds: Map<string, string>;
  /** Mails received before the address was confirmed; undefined until then. */
  mailsBeforeConfirmed?: number | undefined;
  /** Whether the password was reset by mail. */
  passwordReset: boolean;
  readonly wishes: Wish[];
  readonly cancels: Cancel[];
  enrollments: Enrollment[];
  readonly histories: Map<string, History>;
  inbox: Notification[];
  /** An open page; few families have one. */
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

/** The enrollments that a household was granted, in the order of its wishes. */
export const grantedOf = ({
  wishes,
}: Pick<Household, 'wishes'>): { enrollmentId: string; kind: 'seat' | 'waitlist'; wish: Wish }[] =>
  wishes.flatMap((wish) =>
    wish.outcome.kind === 'seat' || wish.outcome.kind === 'waitlist'
      ? [{ enrollmentId: wish.outcome.enrollmentId, kind: wish.outcome.kind, wish }]
      : [],
  );
