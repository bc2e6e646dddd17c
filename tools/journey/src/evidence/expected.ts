import type { History, Mail } from '../client/api.ts';

/** The mail that an entry of an enrollment's history causes. A held seat is reported in the response only. */
const mailOf: Readonly<Record<string, string | undefined>> = {
  waitlisted: 'waitlisted',
  'seat-held': undefined,
  promoted: 'promoted',
  offered: 'offered',
  'offer-expired': 'offer_expired',
  'payment-failed': 'payment_failed',
  'payment-delayed': 'payment_delayed',
  confirmed: 'confirmed',
  rescheduled: 'class_changed',
  cancelled: 'cancelled',
};

/** The short name of an entry: `seat-held` for `homeroom.enrollment.seat-held.v1`. */
export const entryOf = ({ type }: History[number]): string =>
  type.replace(/^homeroom\.enrollment\./, '').replace(/\.v\d+$/, '');

/** The kinds of mail that a history should have caused, in order. */
export const mailsOf = (history: History): string[] =>
  history.flatMap((entry) => {
    const kind = entry.classCanceled === undefined ? mailOf[entryOf(entry)] : 'class_canceled';
    return kind === undefined ? [] : [kind];
  });

const statusAfter: Readonly<Record<string, string | undefined>> = {
  waitlisted: 'waitlisted',
  'seat-held': 'payment_pending',
  promoted: 'payment_pending',
  offered: 'offered',
  'offer-expired': 'cancelled',
  confirmed: 'enrolled',
  cancelled: 'cancelled',
};

/** The status after a history. Entries such as `flagged` do not change it. */
export const statusOf = (history: History): string | undefined =>
  history.map((entry) => statusAfter[entryOf(entry)]).findLast((status) => status !== undefined);

const accountKinds = ['verification', 'password_reset', 'password_changed'];

/** Mails about an account are not in the inbox. */
export const isAccountMail = ({ headers }: Mail): boolean => accountKinds.includes(headers['x-homeroom-kind'] ?? '');

/** The kinds of account mail that a family should have received, in order. */
export const accountMailsOf = ({ passwordReset }: { readonly passwordReset: boolean }): string[] =>
  passwordReset ? accountKinds : accountKinds.slice(0, 1);
