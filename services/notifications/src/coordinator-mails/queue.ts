import type { Database } from '@homeroom/postgres';
import { marksOf, type MailQueue } from '../deliveries/mail-queue.ts';
import type { MailSettingsOf } from '../deliveries/mail-settings.ts';
import { assembleMail } from '../deliveries/mail.ts';
import { oneLine } from '../wording/one-line.ts';
import { claimCoordinatorMails, type DueCoordinatorMail } from './store.ts';

const whyYou = 'You receive this mail because you switched it on in your notification preferences.';

export const coordinatorMailQueue = ({
  database,
  settingsOf,
}: {
  database: Database;
  settingsOf: MailSettingsOf;
}): MailQueue<DueCoordinatorMail> => ({
  ...marksOf(database, { table: 'coordinator_mails', key: 'coordinator_mail_id' }),
  claim: (lease) => claimCoordinatorMails(database, lease),
  compose(mail) {
    const name = oneLine(mail.name);
    const body = `Dear ${name},\n\n${mail.body}\n\n${whyYou}`;
    return assembleMail({ ...mail, to: { name, address: mail.email }, body }, settingsOf(mail.coopId));
  },
});
