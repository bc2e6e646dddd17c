import type { Invitation } from '../calendars/calendar.ts';
import { renderInvitation } from '../calendars/render-calendar.ts';
import { oneLine } from '../notifications/one-line.ts';

/** A mail that is due, with the address that its family has now. */
export interface DueMail {
  readonly id: string;
  readonly familyId: string;
  /** Counts from 1; also says who holds the delivery: a later attempt has taken it over. */
  readonly attempts: number;
  readonly kind: string;
  readonly subject: string;
  readonly body: string;
  readonly createdAt: Date;
  readonly invitation: Invitation;
  readonly guardianName: string;
  readonly email: string;
  readonly traceparent: string | null;
}

export interface Sender {
  readonly name: string;
  readonly address: string;
}

/** A whole mail, ready for the transport. */
export interface Mail {
  readonly from: Sender;
  readonly to: Sender;
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly subject: string;
  readonly messageId: string;
  readonly date: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
  readonly icalEvent: { readonly method: string; readonly filename: string; readonly content: string };
}

/** No attempt can help: the address is none. */
export class UnusableAddressError extends Error {
  override readonly name = 'UnusableAddressError';
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const html = (text: string): string => text.replaceAll(/[&<>"']/g, (mark) => escapes[mark] ?? '');

/** Stricter than RFC 5321 and loose enough for addresses that exist: one @, nothing that ends an address or a header. */
const usableAddress = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[^\s@<>()[\]\\,;:"\p{Cc}]{1,255}$/u;

/**
 * Writes a mail. The same delivery gives the same Message-ID and the same calendar bytes at every attempt, so that a
 * receiver can tell a repetition.
 * @throws {UnusableAddressError}
 */
export function composeMail(
  due: DueMail,
  { coopName, from, publicOrigin }: { coopName: string; from: Sender; publicOrigin: string },
): Mail {
  if (!usableAddress.test(due.email)) throw new UnusableAddressError('the contact’s address cannot be written to');
  const name = oneLine(due.guardianName);
  const greeting = `Dear ${name},`;
  const footer = `${coopName} · ${publicOrigin}`;
  return {
    from,
    to: { name, address: due.email },
    envelope: { from: from.address, to: [due.email] },
    subject: oneLine(due.subject, 500),
    messageId: `<${due.id}@homeroom>`,
    date: due.createdAt,
    headers: {
      'X-Homeroom-Notification': due.id,
      'X-Homeroom-Kind': due.kind,
      // nobody's holiday reply should answer (RFC 3834)
      'Auto-Submitted': 'auto-generated',
    },
    text: `${greeting}\n\n${due.body}\n\n${footer}\n`,
    html: `<!doctype html><html lang="en"><body><p>${html(greeting)}</p><p>${html(due.body)}</p><p>${html(footer)}</p></body></html>`,
    icalEvent: {
      method: due.invitation.method,
      filename: due.invitation.method === 'CANCEL' ? 'cancel.ics' : 'invite.ics',
      content: renderInvitation(due.invitation, {
        coopName,
        organizer: { name: coopName, email: from.address },
        attendee: { name, email: due.email },
        stamp: due.createdAt,
      }),
    },
  };
}
