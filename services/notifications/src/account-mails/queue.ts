import type { Database } from '@homeroom/postgres';
import { marksOf, type MailQueue } from '../deliveries/mail-queue.ts';
import { assembleMail, type Sender } from '../deliveries/mail.ts';
import { accountMailWords, type AccountMailContent, type AccountMailSettings } from './account-mail.ts';
import { claimAccountMails, type DueAccountMail } from './store.ts';

/** Mails that concern an account: to its address without a name, because it may not be the owner's. */
export const accountMailQueue = (
  deps: AccountMailSettings & { database: Database; from: Sender },
): MailQueue<DueAccountMail> => ({
  ...marksOf(deps.database, { table: 'account_mails', key: 'account_mail_id' }),
  claim: (lease) => claimAccountMails(deps.database, lease),
  compose(mail) {
    const words = accountMailWords({ kind: mail.kind, ...mail.details } as AccountMailContent, deps);
    return assembleMail({ ...mail, ...words, to: { name: '', address: mail.email } }, deps);
  },
});
