import type { Database } from '@homeroom/postgres';
import { composeMail, type MailSettings } from './mail.ts';
import type { MailQueue } from './mail-queue.ts';
import { claimDue, markFailed, markSent } from './store.ts';

/** The mails of families' notifications. */
export const familyMailQueue = ({ database, ...settings }: MailSettings & { database: Database }): MailQueue => ({
  async claim(options) {
    const due = await claimDue(database, options);
    return due.map((mail) => ({
      id: mail.id,
      kind: mail.kind,
      attempts: mail.attempts,
      createdAt: mail.createdAt,
      traceparent: mail.traceparent,
      compose: () => composeMail(mail, settings),
      markSent: () => markSent(database, mail),
      markFailed: (outcome) => markFailed(database, mail, outcome),
    }));
  },
});
