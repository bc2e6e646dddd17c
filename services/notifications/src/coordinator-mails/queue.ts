import type { Database } from '@homeroom/postgres';
import { marksOf, type MailQueue } from '../deliveries/mail-queue.ts';
import { assembleMail, type MailSettings } from '../deliveries/mail.ts';
import { oneLine } from '../wording/one-line.ts';
import { claimCoordinatorMails, type DueCoordinatorMail } from './store.ts';

const whyYou = 'You receive this mail because you switched it on in your notification preferences.';

export const coordinatorMailQueue = (deps: MailSettings & { database: Database }): MailQueue<DueCoordinatorMail> => ({
  ...marksOf(deps.database, { table: 'coordinator_mails', key: 'coordinator_mail_id' }),
  claim: (lease) => claimCoordinatorMails(deps.database, lease),
  compose(mail) {
    const name = oneLine(mail.name);
    const body = `Dear ${name},\n\n${mail.body}\n\n${whyYou}`;
    return assembleMail({ ...mail, to: { name, address: mail.email }, body }, deps);
  },
});
