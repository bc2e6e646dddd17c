import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { listen } from '../sandbox-http/server.ts';
import type { Attachment, Mail, Mailbox } from './mailbox.ts';

/** How the mail server misbehaves: `down` resets every connection, `slow` waits before it accepts, `reject` answers `code`. */
export interface MailFaults {
  readonly mode: 'none' | 'down' | 'slow' | 'reject';
  readonly delayMs: number;
  /** An SMTP status: 4xx asks the sender to try again, 5xx to give up. */
  readonly code: number;
}

export interface Receiver {
  readonly port: number;
  /** Applies to connections that are open as well. */
  fault(faults: MailFaults): void;
  close(): Promise<void>;
}

/** A refusal in SMTP's words: `smtp-server` answers with the code that the error carries. */
class SmtpRefusal extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

/** Accepts mail by SMTP for anybody, from anybody, and puts it into `mailbox`. */
export async function receiveMail(
  options: { readonly host: string; readonly port: number; readonly mailLimitBytes: number },
  mailbox: Mailbox,
): Promise<Receiver> {
  let faults: MailFaults = { mode: 'none', delayMs: 0, code: 550 };
  const closing = new AbortController();

  const smtp = new SMTPServer({
    size: options.mailLimitBytes,
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        if (!stream.sizeExceeded) chunks.push(chunk);
      });
      const accept = async (): Promise<void> => {
        if (stream.sizeExceeded) throw new SmtpRefusal(552, `a mail has at most ${options.mailLimitBytes} bytes`);
        if (faults.mode === 'slow') await delay(faults.delayMs, undefined, { signal: closing.signal });
        if (faults.mode === 'reject') throw new SmtpRefusal(faults.code, 'refused, as asked for');
        const raw = Buffer.concat(chunks);
        const recipients = session.envelope.rcptTo.map(({ address }) => address.toLowerCase());
        await mailbox.add(readMail(await PostalMime.parse(raw), recipients), raw.length);
      };
      stream.once('end', () => {
        accept().then(() => callback(null), callback);
      });
    },
  });
  // the other end may vanish in mid-sentence: that is its own affair
  smtp.on('error', () => undefined);

  // smtp-server cannot be switched off and on; a listener in front of it can
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
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    fault(next) {
      faults = next;
      if (next.mode === 'down') for (const socket of sockets) socket.resetAndDestroy();
    },
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
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
