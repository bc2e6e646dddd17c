import type { Closing } from '@homeroom/testing';
import { Directory } from '@homeroom/coops';
import type { Database } from '@homeroom/postgres';
import { createDeliveryLoop, type DeliveryEvent } from '../../src/deliveries/deliver-mail.ts';
import { familyMailQueue } from '../../src/deliveries/family-mail-queue.ts';
import type { MailQueue } from '../../src/deliveries/mail-queue.ts';
import { mailSettings, type MailSettingsOf } from '../../src/deliveries/mail-settings.ts';
import { createMailer } from '../../src/deliveries/mailer.ts';
import { co } from '../harness.ts';
import type { TestSmtp } from '../smtp-server.ts';

export const settingsOf = mailSettings({
  coops: new Directory([co]),
  address: 'hello@willow.example',
  publicOrigin: 'https://willow.example',
});

/** Runs a worker's delivery until the test ends. */
export function runLoop(
  closing: Closing,
  {
    database,
    smtp,
    queues = [],
    settingsOf: settings = settingsOf,
    onEvent = () => undefined,
  }: {
    database: Database;
    smtp: TestSmtp;
    /** More urgent ones than the mails of families. */
    queues?: readonly MailQueue[];
    settingsOf?: MailSettingsOf;
    onEvent?: (event: DeliveryEvent) => void;
  },
): void {
  const mailer = closing.add(
    createMailer({ smtpUrl: smtp.url, connections: 3, timeoutMs: 2_000, breakerOpenMs: 50 }),
    (it) => it.close(),
  );
  const loop = createDeliveryLoop({
    queues: [...queues, familyMailQueue({ database, settingsOf: settings })],
    mailer,
    concurrency: 3,
    leaseMs: 60_000,
    backoff: { baseMs: 20, maxMs: 100 },
    idleMs: 20,
    onEvent,
  });
  const stopping = new AbortController();
  const running = loop.run(stopping.signal);
  closing.add(stopping, async (it) => {
    it.abort();
    await running;
  });
}
