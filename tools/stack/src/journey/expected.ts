import type { History } from './api.ts';

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
  'payment-failed': 'payment_pending',
  'payment-delayed': 'payment_pending',
  confirmed: 'enrolled',
  cancelled: 'cancelled',
};

/** The status that a history adds up to; an entry without one, such as `flagged`, leaves it as it was. */
export const statusOf = (history: History): string | undefined =>
  history.map((entry) => statusAfter[entryOf(entry)]).findLast((status) => status !== undefined);
