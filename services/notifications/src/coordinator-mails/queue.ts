import type { Database } from '@homeroom/postgres';
import { assembleMail, type MailSettings } from '../deliveries/mail.ts';
import type { MailQueue } from '../deliveries/mail-queue.ts';
import { oneLine } from '../wording/one-line.ts';
import { claimCoordinatorMails, markCoordinatorMailFailed, markCoordinatorMailSent } from './store.ts';

const whyYou = 'You receive this mail because you switched it on in your notification preferences.';

/** The mails of the coordinators' notifications, to those who have switched them on. */
export const coordinatorMailQueue = ({ database, ...settings }: MailSettings & { database: Database }): MailQueue => ({
  async claim(options) {
    const due = await claimCoordinatorMails(database, options);
    return due.map((mail) => ({
      id: mail.id,
      kind: mail.kind,
      attempts: mail.attempts,
      createdAt: mail.createdAt,
      traceparent: mail.traceparent,
      compose: () => {
        const name = oneLine(mail.name);
        const body = `Dear ${name},\n\n${mail.body}\n\n${whyYou}`;
        return assembleMail({ ...mail, to: { name, address: mail.email }, body }, settings);
      },
      markSent: () => markCoordinatorMailSent(database, mail),
      markFailed: (outcome) => markCoordinatorMailFailed(database, mail, outcome),
    }));
  },
});
