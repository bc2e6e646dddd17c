import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
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
  /** Accepts the mail and cuts the connection before it says so. */
  cutBeforeReply(on: boolean): void;
  /** Does not answer the mail until released. */
  hold(on: boolean): void;
  close(): Promise<void>;
}

/** A real SMTP server that keeps what it is sent, and misbehaves on request. */
export async function startSmtp(): Promise<TestSmtp> {
  const mails: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  let [isDown, cutting, opened] = [false, false, 0];
  let status: number | undefined;
  let held: (() => void)[] | undefined;

  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        const accept = async (): Promise<void> => {
          if (status !== undefined) throw Object.assign(new Error('refused'), { responseCode: status });
          const raw = Buffer.concat(chunks);
          mails.push(
            readMail(
              await PostalMime.parse(raw),
              raw,
              session.envelope.rcptTo.map(({ address }) => address),
            ),
          );
          if (cutting) for (const socket of sockets) socket.resetAndDestroy();
          if (held !== undefined) await new Promise<void>((resolve) => held?.push(resolve));
        };
        accept().then(() => callback(null), callback);
      });
    },
  });
  smtp.on('error', () => undefined);
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

  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    connections: () => opened,
    down() {
      isDown = true;
      for (const socket of sockets) socket.resetAndDestroy();
    },
    up() {
      isDown = false;
    },
    refuse(next) {
      status = next;
    },
    cutBeforeReply(on) {
      cutting = on;
    },
    hold(on) {
      for (const release of held ?? []) release();
      held = on ? [] : undefined;
    },
    async close() {
      for (const release of held ?? []) release();
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
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
