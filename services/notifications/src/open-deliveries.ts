import type { Shell } from '@homeroom/chassis';
import type { Directory } from '@homeroom/coops';
import type { Database } from '@homeroom/postgres';
import { accountMailQueue } from './account-mails/queue.ts';
import type { WorkerConfig } from './config.ts';
import { coordinatorMailQueue } from './coordinator-mails/queue.ts';
import { createDeliveryLoop } from './deliveries/deliver-mail.ts';
import { familyMailQueue } from './deliveries/family-mail-queue.ts';
import { mailSettings } from './deliveries/mail-settings.ts';
import { createMailer } from './deliveries/mailer.ts';
import { observeDeliveries } from './deliveries/observe-deliveries.ts';

/** The loop that sends the mails of all queues, with its mail server; closed at the end. */
export function openDeliveries(
  shell: Shell<WorkerConfig>,
  { database, coops }: { database: Database; coops: Directory },
) {
  const { config, onClose } = shell;
  const { onDelivery, onSmtp } = observeDeliveries(shell, database);
  const mailer = createMailer({
    smtpUrl: config.SMTP_URL,
    connections: config.SMTP_CONNECTIONS,
    timeoutMs: config.SMTP_TIMEOUT_MS,
    breakerOpenMs: config.SMTP_BREAKER_OPEN_MS,
    onEvent: onSmtp,
  });
  onClose('mailer', () => mailer.close());
  const settingsOf = mailSettings({ coops, address: config.MAIL_FROM, publicOrigin: config.PUBLIC_ORIGIN });
  return createDeliveryLoop({
    queues: [
      accountMailQueue({ database, settingsOf, tokenSecret: config.ACCOUNT_TOKEN_SECRET }),
      familyMailQueue({ database, settingsOf }),
      coordinatorMailQueue({ database, settingsOf }),
    ],
    mailer,
    concurrency: config.SMTP_CONNECTIONS,
    leaseMs: config.MAIL_LEASE_MS,
    backoff: { baseMs: config.MAIL_RETRY_BASE_MS, maxMs: config.MAIL_RETRY_MAX_MS },
    idleMs: 500,
    onEvent: onDelivery,
  });
}
