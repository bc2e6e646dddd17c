import type { Database } from '@homeroom/postgres';
import { composeFamilyMail, type DueFamilyMail } from './family-mail.ts';
import { marksOf, type MailQueue } from './mail-queue.ts';
import type { MailSettingsOf } from './mail-settings.ts';
import { claimFamilyMails, markFamilyMailSent } from './store.ts';

export const familyMailQueue = ({
  database,
  settingsOf,
}: {
  database: Database;
  settingsOf: MailSettingsOf;
}): MailQueue<DueFamilyMail> => ({
  ...marksOf(database, { table: 'deliveries', key: 'notification_id' }),
  claim: (lease) => claimFamilyMails(database, lease),
  compose: (mail) => composeFamilyMail(mail, settingsOf(mail.coopId)),
  markSent: (mail) => markFamilyMailSent(database.ofCoop(mail.coopId), mail),
});
