import { policy, type PolicyEvent } from '@homeroom/resilience';
import { createTransport } from 'nodemailer';
import { isRefusal } from './delivery.ts';
import type { Mail } from './mail.ts';

/** Hands mails to an SMTP server. */
export interface Mailer {
  /** Resolves when the server has accepted the mail. Rejects within the time limit; whether it was accepted is unknown then. */
  send(mail: Mail): Promise<void>;
  /** False while the breaker keeps mails from a server that is down. */
  available(): boolean;
  close(): Promise<void>;
}

export interface MailerOptions {
  readonly smtpUrl: string;
  /** Connections kept open, and mails in hand at once. */
  readonly connections: number;
  readonly timeoutMs: number;
  /** How long a dead server is left alone before one mail tries it again. */
  readonly breakerOpenMs: number;
  readonly onEvent?: (event: PolicyEvent) => void;
}

export function createMailer({ smtpUrl, connections, timeoutMs, breakerOpenMs, onEvent }: MailerOptions): Mailer {
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: connections,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // the pool's own repeats would send a mail twice behind the back of the delivery's count
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
    async send({ from, to, envelope, headers, icalEvent, ...rest }) {
      await smtp.execute(({ signal }) =>
        transport.sendMail({
          ...rest,
          from: { ...from },
          to: { ...to },
          envelope: { from: envelope.from, to: [...envelope.to] },
          headers: { ...headers },
          ...(icalEvent === undefined ? {} : { icalEvent: { ...icalEvent } }),
          signal,
        }),
      );
    },
    available: () => smtp.breakerState() === 'closed',
    async close() {
      transport.close();
    },
  };
}
