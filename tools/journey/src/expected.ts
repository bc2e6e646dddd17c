import type { History, Mail } from './api.ts';

/** Which mail an entry of an enrolment's history causes; a held seat is told in the answer to the request. */
const mailOf: Readonly<Record<string, string | undefined>> = {
  waitlisted: 'waitlisted',
  'seat-held': undefined,
  promoted: 'promoted',
  offered: 'offered',
  'offer-expired': 'offer_expired',
  'payment-failed': 'payment_failed',
  'payment-delayed': 'payment_delayed',
  confirmed: 'confirmed',
  cancelled: 'cancelled',
};

/** The entry's name, however it is spelled: `homeroom.enrollment.seat-held.v1` or `seat-held`. */
export const entryOf = ({ type }: History[number]): string =>
  type.replace(/^homeroom\.enrollment\./, '').replace(/\.v\d+$/, '');

/** The kinds of mail that a history should have caused, in order. */
export const mailsOf = (history: History): string[] =>
  history.flatMap((entry) => {
    const kind = mailOf[entryOf(entry)];
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

/** The status that a history adds up to. Entries without a status of their own, such as `flagged`, change none. */
export const statusOf = (history: History): string | undefined =>
  history.map((entry) => statusAfter[entryOf(entry)]).findLast((status) => status !== undefined);

const accountKinds = ['verification', 'password_reset', 'password_changed'];

/** Mails about an account go to its address alone: no inbox has them. */
export const isAccountMail = ({ headers }: Mail): boolean => accountKinds.includes(headers['x-homeroom-kind'] ?? '');

/** The kinds of mail about its account that a family should have got, in order. */
export const accountMailsOf = ({ passwordReset }: { readonly passwordReset: boolean }): string[] =>
  passwordReset ? accountKinds : accountKinds.slice(0, 1);
