import type { Database } from '@homeroom/postgres';
import { marksOf, type MailQueue } from '../deliveries/mail-queue.ts';
import type { MailSettingsOf } from '../deliveries/mail-settings.ts';
import { assembleMail } from '../deliveries/mail.ts';
import { accountMailWords, type AccountMailContent } from './account-mail.ts';
import { claimAccountMails, type DueAccountMail } from './store.ts';

/** Mails that concern an account: to its address without a name, because it may not be the owner's. */
export const accountMailQueue = ({
  database,
  settingsOf,
  tokenSecret,
}: {
  database: Database;
  settingsOf: MailSettingsOf;
  tokenSecret: string;
}): MailQueue<DueAccountMail> => ({
  ...marksOf(database, { table: 'account_mails', key: 'account_mail_id' }),
  claim: (lease) => claimAccountMails(database, lease),
  compose(mail) {
    const settings = settingsOf(mail.coopId);
    const content = { kind: mail.kind, ...mail.details } as AccountMailContent;
    const words = accountMailWords(content, { ...settings, tokenSecret });
    return assembleMail({ ...mail, ...words, to: { name: '', address: mail.email } }, settings);
  },
});
