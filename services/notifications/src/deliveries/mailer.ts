import { policy, type PolicyEvent } from '@homeroom/resilience';
import { createTransport } from 'nodemailer';
import { isRefusal } from './delivery.ts';
import type { Mail } from './mail.ts';

export interface MailerOptions {
  readonly smtpUrl: string;
  /** Connections kept open, and mails in progress at once. */
  readonly connections: number;
  readonly timeoutMs: number;
  /** How long the breaker stays open before one mail probes the server. */
  readonly breakerOpenMs: number;
  readonly onEvent?: (event: PolicyEvent) => void;
}

export type Mailer = ReturnType<typeof createMailer>;

export function createMailer({ smtpUrl, connections, timeoutMs, breakerOpenMs, onEvent }: MailerOptions) {
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: connections,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // the pool's own retries would send a mail twice without counting the attempt
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const smtp = policy({
    name: 'smtp',
    timeoutMs,
    breaker: { failures: 5, openMs: breakerOpenMs },
    isFailure: (error) => !isRefusal(error),
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  return {
    /** Resolves when the server has accepted the mail. After a rejection it may have been accepted or not. */
    async send(mail: Mail): Promise<void> {
      await smtp.execute(({ signal }) => transport.sendMail({ ...mail, signal }));
    },
    /** False while the breaker keeps mails from a server that is down. */
    available: () => smtp.breakerState() === 'closed',
    close: async () => transport.close(),
  };
}
