import type { Database } from '@homeroom/postgres';
import type { MailQueue } from '../deliveries/mail-queue.ts';
import { assembleMail, type Sender } from '../deliveries/mail.ts';
import { accountMailWords, type AccountMailContent, type AccountMailSettings } from './account-mail.ts';
import { claimAccountMails, markAccountMailFailed, markAccountMailSent } from './store.ts';

/** Mails that concern an account: to its address without a name, because it may not be the owner's. */
export const accountMailQueue = ({
  database,
  from,
  ...settings
}: AccountMailSettings & { database: Database; from: Sender }): MailQueue => ({
  async claim(options) {
    const due = await claimAccountMails(database, options);
    return due.map((mail) => ({
      id: mail.id,
      kind: mail.kind,
      attempts: mail.attempts,
      createdAt: mail.createdAt,
      traceparent: mail.traceparent,
      compose: () => {
        const content = { kind: mail.kind, ...mail.details } as AccountMailContent;
        const to = { name: '', address: mail.email };
        return assembleMail({ ...mail, to, ...accountMailWords(content, settings) }, { ...settings, from });
      },
      markSent: () => markAccountMailSent(database, mail),
      markFailed: (outcome) => markAccountMailFailed(database, mail, outcome),
    }));
  },
});
