import type { Database } from '@homeroom/postgres';
import { composeFamilyMail, type DueFamilyMail } from './family-mail.ts';
import { marksOf, type MailQueue } from './mail-queue.ts';
import type { MailSettings } from './mail.ts';
import { claimFamilyMails, markFamilyMailSent } from './store.ts';

export const familyMailQueue = (deps: MailSettings & { database: Database }): MailQueue<DueFamilyMail> => ({
  ...marksOf(deps.database, { table: 'deliveries', key: 'notification_id' }),
  claim: (lease) => claimFamilyMails(deps.database, lease),
  compose: (mail) => composeFamilyMail(mail, deps),
  markSent: (mail) => markFamilyMailSent(deps.database, mail),
});
