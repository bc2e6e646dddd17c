import { emailAddress } from '@homeroom/contracts';
import type { Invitation } from '../calendars/calendar.ts';
import { renderInvitation } from '../calendars/render-calendar.ts';
import { formatFamily } from '../wording/format.ts';
import { oneLine } from '../wording/one-line.ts';

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
  /** Null: the mail carries none. */
  readonly invitation: Invitation | null;
  readonly familyName: string;
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
  readonly icalEvent?: { readonly method: string; readonly filename: string; readonly content: string };
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

const markUp = (text: string): string =>
  html(text)
    .replaceAll('\n', '<br>')
    .replaceAll(/https?:\/\/[^\s<>&]+/g, (url) => `<a href="${url}">${url}</a>`);

export interface MailSettings {
  readonly coopName: string;
  readonly from: Sender;
  readonly publicOrigin: string;
}

/** The parts of a mail that every queue has. */
interface MailParts {
  readonly id: string;
  readonly kind: string;
  readonly to: Sender;
  readonly subject: string;
  /** A blank line begins a paragraph. */
  readonly body: string;
  readonly createdAt: Date;
}

/**
 * Writes a mail. The same delivery gives the same Message-ID at every attempt, so that a receiver can tell a repetition.
 * @throws {UnusableAddressError}
 */
export function assembleMail(
  { id, kind, to, subject, body, createdAt }: MailParts,
  { coopName, from, publicOrigin }: MailSettings,
): Mail {
  if (!emailAddress.test(to.address)) throw new UnusableAddressError('the address cannot be written to');
  const text = `${body}\n\n${coopName} · ${publicOrigin}`;
  const paragraphs = text.split('\n\n').map((paragraph) => `<p>${markUp(paragraph)}</p>`);
  return {
    from,
    to,
    envelope: { from: from.address, to: [to.address] },
    subject: oneLine(subject, 500),
    messageId: `<${id}@homeroom>`,
    date: createdAt,
    headers: {
      'X-Homeroom-Notification': id,
      'X-Homeroom-Kind': kind,
      // nobody's holiday reply should answer (RFC 3834)
      'Auto-Submitted': 'auto-generated',
    },
    text: `${text}\n`,
    html: `<!doctype html><html lang="en"><body>${paragraphs.join('')}</body></html>`,
  };
}

/**
 * Writes the mail of a family's notification, with its invitation: the same calendar bytes at every attempt.
 * @throws {UnusableAddressError}
 */
export function composeMail(due: DueMail, settings: MailSettings): Mail {
  const { coopName, from } = settings;
  const name = oneLine(due.guardianName);
  const body = `Dear ${formatFamily(due.familyName)},\n\n${due.body}`;
  const mail = assembleMail({ ...due, to: { name, address: due.email }, body }, settings);
  if (due.invitation === null) return mail;
  return {
    ...mail,
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
