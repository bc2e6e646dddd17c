import type { Invitation } from '../calendars/calendar.ts';
import { renderInvitation } from '../calendars/render-calendar.ts';
import { formatFamily } from '../wording/format.ts';
import { oneLine } from '../wording/one-line.ts';
import type { DueMail } from './mail-queue.ts';
import { assembleMail, type Mail, type MailSettings } from './mail.ts';

/** With the names and the address that the family has now. */
export interface DueFamilyMail extends DueMail {
  readonly familyId: string;
  readonly subject: string;
  readonly body: string;
  readonly invitation: Invitation | null;
  readonly familyName: string;
  readonly guardianName: string;
  readonly email: string;
}

/**
 * Writes the mail of a family's notification, with its invitation: the same calendar bytes at every attempt.
 * @throws {UnusableAddressError}
 */
export function composeFamilyMail(due: DueFamilyMail, settings: MailSettings): Mail {
  const { invitation, email, createdAt } = due;
  const { coopName, from } = settings;
  const name = oneLine(due.guardianName);
  const body = `Dear ${formatFamily(due.familyName)},\n\n${due.body}`;
  const mail = assembleMail({ ...due, to: { name, address: email }, body }, settings);
  if (invitation === null) return mail;
  const organizer = { name: coopName, email: from.address };
  return {
    ...mail,
    icalEvent: {
      method: invitation.method,
      filename: invitation.method === 'CANCEL' ? 'cancel.ics' : 'invite.ics',
      content: renderInvitation(invitation, { coopName, organizer, attendee: { name, email }, stamp: createdAt }),
    },
  };
}
