import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { z } from 'zod';
import type { Attachment, Mail, Mailbox } from './mailbox.ts';

export const faultModes = ['none', 'slow', 'reject', 'down'] as const;

/** How the mail server misbehaves: `down` resets every connection, `slow` waits before it accepts, `reject` answers `code`. */
export const faultsBody = z.strictObject({
  mode: z.enum(faultModes),
  delayMs: z.coerce.number().int().min(0).max(600_000).default(5000),
  /** An SMTP status: 4xx asks the sender to retry, 5xx to stop. */
  code: z.coerce.number().int().min(400).max(599).default(451),
});
export type MailFaults = z.infer<typeof faultsBody>;

export type Receiver = Awaited<ReturnType<typeof receiveMail>>;

/** `smtp-server` answers with the code that the error carries. */
class SmtpRefusal extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

/** Accepts mail by SMTP, from any sender for any recipient, into `mailbox`. @throws the listen error. */
export async function receiveMail(
  options: { readonly host: string; readonly port: number; readonly mailLimitBytes: number },
  mailbox: Mailbox,
) {
  let faults = faultsBody.parse({ mode: 'none' });
  const closing = new AbortController();
  const smtp = openSmtp(options.mailLimitBytes, async (raw, recipients) => {
    if (faults.mode === 'slow') await delay(faults.delayMs, undefined, { signal: closing.signal });
    if (faults.mode === 'reject') throw new SmtpRefusal(faults.code, 'The fault mode is reject');
    await mailbox.add(readMail(await PostalMime.parse(raw), recipients), raw.length);
  });

  // smtp-server cannot be turned off and on; a listener in front of it can
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (faults.mode === 'down') {
      socket.resetAndDestroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    smtp.server.emit('connection', socket);
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    faults: () => faults,
    /** Applies to open connections as well. */
    fault: (next: MailFaults): void => {
      faults = next;
      if (next.mode === 'down') for (const socket of sockets) socket.resetAndDestroy();
    },
    close: () =>
      new Promise<void>((resolve) => {
        closing.abort();
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A server that does not listen: `smtp.server` takes sockets. A mail is accepted unless `accept` rejects. */
function openSmtp(limitBytes: number, accept: (raw: Buffer, recipients: string[]) => Promise<void>): SMTPServer {
  const smtp = new SMTPServer({
    size: limitBytes,
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        if (!stream.sizeExceeded) chunks.push(chunk);
      });
      stream.once('end', () => {
        const recipients = session.envelope.rcptTo.map(({ address }) => address.toLowerCase());
        if (stream.sizeExceeded) callback(new SmtpRefusal(552, `The limit is ${limitBytes} bytes`));
        else accept(Buffer.concat(chunks), recipients).then(() => callback(null), callback);
      });
    },
  });
  // clients may disconnect at any time
  smtp.on('error', () => undefined);
  return smtp;
}

function readMail(email: Email, to: readonly string[]): Omit<Mail, 'id'> {
  const headers: Record<string, string> = {};
  for (const { key, value } of email.headers)
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  return {
    to,
    from: email.from?.address ?? '',
    subject: email.subject ?? '',
    headers,
    text: email.text ?? '',
    ...(email.html === undefined ? {} : { html: email.html }),
    attachments: email.attachments.map(readAttachment),
    receivedAt: new Date().toISOString(),
  };
}

function readAttachment({ filename, mimeType, content }: Email['attachments'][number]): Attachment {
  const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as ArrayBuffer);
  const encoding = mimeType.startsWith('text/') || mimeType === 'application/ics' ? 'utf8' : 'base64';
  return { filename: filename ?? '', contentType: mimeType, content: bytes.toString(encoding), encoding };
}
