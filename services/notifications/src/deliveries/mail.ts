import { emailAddress } from '@homeroom/contracts';
import { oneLine } from '../wording/one-line.ts';

export interface Sender {
  readonly name: string;
  readonly address: string;
}

export interface Mail {
  readonly from: Sender;
  readonly to: Sender;
  readonly envelope: { readonly from: string; readonly to: string };
  readonly subject: string;
  readonly messageId: string;
  readonly date: Date;
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly html: string;
  readonly icalEvent?: { readonly method: string; readonly filename: string; readonly content: string };
}

/** The address cannot be written to: no further attempt can help. */
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

/** What all mails of a co-op have in common. */
export interface MailSettings {
  readonly coopName: string;
  readonly timeZone: string;
  readonly locale: string;
  readonly from: Sender;
  /** Where the co-op’s pages are. */
  readonly origin: string;
}

interface MailParts {
  readonly id: string;
  readonly kind: string;
  readonly to: Sender;
  readonly subject: string;
  /** A blank line starts a paragraph. */
  readonly body: string;
  readonly createdAt: Date;
}

/**
 * Writes a mail. Its Message-ID is the same at every attempt, so that a receiver can recognize a duplicate.
 * @throws {UnusableAddressError}
 */
export function assembleMail(
  { id, kind, to, subject, body, createdAt }: MailParts,
  { coopName, from, origin }: Pick<MailSettings, 'coopName' | 'from' | 'origin'>,
): Mail {
  if (!emailAddress.test(to.address)) throw new UnusableAddressError('the address cannot be written to');
  const text = `${body}\n\n${coopName} · ${origin}`;
  const paragraphs = text.split('\n\n').map((paragraph) => `<p>${markUp(paragraph)}</p>`);
  return {
    from,
    to,
    envelope: { from: from.address, to: to.address },
    subject: oneLine(subject, 500),
    messageId: `<${id}@homeroom>`,
    date: createdAt,
    headers: {
      'X-Homeroom-Notification': id,
      'X-Homeroom-Kind': kind,
      // suppresses vacation replies (RFC 3834)
      'Auto-Submitted': 'auto-generated',
    },
    text: `${text}\n`,
    html: `<!doctype html><html lang="en"><body>${paragraphs.join('')}</body></html>`,
  };
}
