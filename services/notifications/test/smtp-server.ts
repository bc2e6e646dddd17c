import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  readonly recipients: readonly string[];
  readonly raw: string;
  readonly email: Email;
  readonly header: (name: string) => string | undefined;
  /** The text of the attached .ics. */
  readonly ics: string;
}

export interface TestSmtp {
  readonly url: string;
  readonly mails: ReceivedMail[];
  /** Connections that were opened, refused ones included. */
  connections(): number;
  /** Resets every connection, open ones as well. */
  down(): void;
  up(): void;
  /** Refuses every mail with this status; undefined accepts again. */
  refuse(status: number | undefined): void;
  /** Accepts the mail and cuts the connection before the reply. */
  cutBeforeReply(on: boolean): void;
  /** Leaves mails unanswered while on. */
  hold(on: boolean): void;
  close(): Promise<void>;
}

/** A real SMTP server that keeps the mails it receives, and fails on demand. */
export async function startSmtp(): Promise<TestSmtp> {
  const mails: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  let [isDown, cutting, opened] = [false, false, 0];
  let status: number | undefined;
  let held: (() => void)[] | undefined;

  const smtp = openReceiver(async (mail) => {
    if (status !== undefined) throw Object.assign(new Error('refused'), { responseCode: status });
    mails.push(mail);
    if (cutting) for (const socket of sockets) socket.resetAndDestroy();
    if (held !== undefined) await new Promise<void>((resolve) => held?.push(resolve));
  });
  // smtp-server cannot be switched off and on; a listener in front of it can
  const server = createServer((socket) => {
    opened += 1;
    if (isDown) {
      socket.on('error', () => undefined);
      socket.resetAndDestroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    smtp.server.emit('connection', socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const release = (): void => held?.forEach((resolve) => resolve());

  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    connections: () => opened,
    down() {
      isDown = true;
      for (const socket of sockets) socket.resetAndDestroy();
    },
    up: () => void (isDown = false),
    refuse: (next) => void (status = next),
    cutBeforeReply: (on) => void (cutting = on),
    hold(on) {
      release();
      held = on ? [] : undefined;
    },
    async close() {
      release();
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** @param receive rejects to refuse the mail; the reply waits for it. */
function openReceiver(receive: (mail: ReceivedMail) => Promise<void>): SMTPServer {
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, callback) {
      const recipients = session.envelope.rcptTo.map(({ address }) => address);
      buffer(stream)
        .then(async (raw) => receive(readMail(await PostalMime.parse(raw), raw, recipients)))
        .then(() => callback(null), callback);
    },
  });
  smtp.on('error', () => undefined);
  return smtp;
}

function readMail(email: Email, raw: Buffer, recipients: readonly string[]): ReceivedMail {
  const attachment = email.attachments.find(({ mimeType }) => mimeType === 'application/ics');
  const content = attachment?.content ?? '';
  return {
    recipients,
    raw: raw.toString('latin1'),
    email,
    header: (name) => email.headers.find(({ key }) => key === name.toLowerCase())?.value,
    ics: typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer).toString('utf8'),
  };
}
