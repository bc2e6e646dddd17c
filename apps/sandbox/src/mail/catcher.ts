import { z } from 'zod';
import { faultRoutes, Refusal, serve, type App } from '../http/app.ts';
import { pageHeaders } from '../http/page.ts';
import { Mailbox, mailQuery, type Mail } from './mailbox.ts';
import { listPage, mailPage } from './pages.ts';
import { faultsBody, receiveMail, type Receiver } from './receive.ts';

export interface MailCatcherOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly smtpPort: number;
  /** 0 takes any free port. */
  readonly httpPort: number;
  /** How many mails are kept, the newest … */
  readonly keepMails?: number;
  /** … and how many bytes of them, as received. */
  readonly keepBytes?: number;
  readonly mailLimitBytes?: number;
  /** Where mails survive a restart; without it they do not. */
  readonly dataFile?: string;
}

export type MailCatcher = Awaited<ReturnType<typeof startMailCatcher>>;

const byId = { params: z.object({ id: z.string() }) };

/**
 * A mail server that delivers nothing and shows what it received, on a page and as JSON.
 *
 * `GET /api/messages?to=&q=&after=&limit=&order=` · `GET /api/messages/:id` · `DELETE /api/messages` ·
 * `GET|POST /sandbox/faults` `{mode: none|down|slow|reject, delayMs?, code?}`
 * @throws the listen error when a port is taken, and when the file of mails cannot be read.
 */
export async function startMailCatcher(options: MailCatcherOptions) {
  const { host, smtpPort, httpPort } = options;
  const { keepMails = 20_000, keepBytes = 128 * 2 ** 20, mailLimitBytes = 2 * 2 ** 20 } = options;
  const mailbox = await Mailbox.open({ mails: keepMails, bytes: keepBytes }, options.dataFile);
  const receiver = await receiveMail({ host, port: smtpPort, mailLimitBytes }, mailbox);
  const web = await serve({ host, port: httpPort, store: mailbox }, (app) => {
    pageRoutes(app, mailbox, receiver);
    apiRoutes(app, mailbox);
    faultRoutes(app, faultsBody, receiver.faults, receiver.fault);
  }).catch(async (error: unknown) => {
    await receiver.close();
    await mailbox.close();
    throw error;
  });
  return {
    smtpPort: receiver.port,
    httpPort: web.port,
    /** The page that shows the mails; the API is below it. */
    url: web.url,
    close: async (): Promise<void> => {
      await Promise.all([web.close(), receiver.close()]);
      await mailbox.close();
    },
  };
}

function pageRoutes(app: App, mailbox: Mailbox, receiver: Receiver): void {
  app.get('/', { schema: { querystring: mailQuery } }, ({ query }, reply) => {
    const { order = 'newest', q = '' } = query;
    return reply.headers(pageHeaders).send(listPage(mailbox.list({ ...query, order }), q, receiver.faults()));
  });
  app.get('/messages/:id', { schema: byId }, ({ params }, reply) =>
    reply.headers(pageHeaders).send(mailPage(find(mailbox, params.id))),
  );
  // a mail's own markup may come from anyone: an origin of its own, no scripts, no forms, nothing from the network
  app.get('/messages/:id/body', { schema: byId }, ({ params }, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header(
        'content-security-policy',
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
      )
      .send(find(mailbox, params.id).html ?? ''),
  );
  // always a download: an attachment must not become a page of this origin
  const attachmentParams = z.object({ id: z.string(), index: z.string() });
  app.get('/messages/:id/attachments/:index', { schema: { params: attachmentParams } }, ({ params }, reply) => {
    const attachment = find(mailbox, params.id).attachments[Number(params.index)];
    if (attachment === undefined) throw new Refusal(404, 'attachment_not_found', 'The mail has no such attachment.');
    const filename = encodeURIComponent(attachment.filename === '' ? 'attachment' : attachment.filename);
    return reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename*=UTF-8''${filename}`)
      .header('content-security-policy', "sandbox; default-src 'none'")
      .send(Buffer.from(attachment.content, attachment.encoding));
  });
}

function apiRoutes(app: App, mailbox: Mailbox): void {
  app.get('/api/messages', { schema: { querystring: mailQuery } }, ({ query }) => mailbox.list(query));
  app.get('/api/messages/:id', { schema: byId }, ({ params: { id } }) => find(mailbox, id));
  app.delete('/api/messages', async (_request, reply) => {
    await mailbox.clear();
    return reply.code(204).send();
  });
}

function find(mailbox: Mailbox, id: string): Mail {
  const mail = mailbox.get(id);
  if (mail === undefined)
    throw new Refusal(404, 'message_not_found', 'There is no such mail, or it is no longer kept.');
  return mail;
}
