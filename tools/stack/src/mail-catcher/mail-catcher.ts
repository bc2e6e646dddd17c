import { z } from 'zod';
import { json, queryLimit, readBody, Refusal, seeOther, serveSandbox, type Exchange } from '../sandbox-http/server.ts';
import { Mailbox, type Mail } from './mailbox.ts';
import { bodyOf, download, listPage, mailPage } from './pages.ts';
import { receiveMail, type MailFaults } from './receive.ts';

export interface MailCatcherOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly smtpPort: number;
  /** 0 takes any free port. */
  readonly httpPort: number;
  /** The newest so many mails are kept … */
  readonly keepMails?: number;
  /** … while all of them together, as they came in, are no larger than this. */
  readonly keepBytes?: number;
  readonly mailLimitBytes?: number;
  /** Where mails outlive a restart; without it they do not. */
  readonly dataFile?: string;
}

export interface MailCatcher {
  readonly smtpPort: number;
  readonly httpPort: number;
  /** The page that shows the mails; the API is below it. */
  readonly url: string;
  close(): Promise<void>;
}

const faultsBody = z.strictObject({
  mode: z.enum(['none', 'down', 'slow', 'reject']),
  delayMs: z.coerce.number().int().min(0).max(600_000).default(5000),
  code: z.coerce.number().int().min(400).max(599).default(451),
});

/**
 * A mail server that delivers to nobody and shows what it was given, on a page and as JSON.
 *
 * `GET /api/messages?to=&q=&after=&limit=&order=` · `GET /api/messages/:id` · `DELETE /api/messages` ·
 * `GET|POST /sandbox/faults` `{mode: none|down|slow|reject, delayMs?, code?}`
 * @throws the listen error when a port is taken, and when the file of mails cannot be read.
 */
export async function startMailCatcher(options: MailCatcherOptions): Promise<MailCatcher> {
  const {
    host,
    smtpPort,
    httpPort,
    keepMails = 20_000,
    keepBytes = 128 * 2 ** 20,
    mailLimitBytes = 2 * 2 ** 20,
  } = options;
  const mailbox = await Mailbox.open({ mails: keepMails, bytes: keepBytes }, options.dataFile);
  const receiver = await receiveMail({ host, port: smtpPort, mailLimitBytes }, mailbox);
  let faults: MailFaults = { mode: 'none', delayMs: 5000, code: 451 };

  const search = ({ url }: Exchange, defaults: { limit: number; newestFirst: boolean }): ReturnType<Mailbox['list']> =>
    mailbox.list({
      to: url.searchParams.get('to') ?? undefined,
      q: url.searchParams.get('q') ?? undefined,
      after: url.searchParams.get('after') ?? undefined,
      limit: queryLimit(url, 1000, defaults.limit),
      newestFirst: url.searchParams.has('order') ? url.searchParams.get('order') === 'newest' : defaults.newestFirst,
    });
  const find = ({ params }: Exchange): Mail => {
    const mail = mailbox.get(params['id'] ?? '');
    if (mail === undefined)
      throw new Refusal(404, 'message_not_found', 'there is no such mail, or it was too old to keep');
    return mail;
  };

  const web = await serveSandbox(
    { host, port: httpPort, store: mailbox },
    {
      'GET /': (exchange) => {
        const query = exchange.url.searchParams.get('q') ?? '';
        return listPage(search(exchange, { limit: 100, newestFirst: true }), query, faults);
      },
      'GET /messages/:id': (exchange) => mailPage(find(exchange)),
      'GET /messages/:id/body': (exchange) => bodyOf(find(exchange)),
      'GET /messages/:id/attachments/:index': (exchange) => {
        const attachment = find(exchange).attachments[Number(exchange.params['index'])];
        if (attachment === undefined) throw new Refusal(404, 'attachment_not_found', 'the mail has no such attachment');
        return download(attachment);
      },
      'GET /api/messages': (exchange) => json(200, search(exchange, { limit: 100, newestFirst: false })),
      'GET /api/messages/:id': (exchange) => json(200, find(exchange)),
      'DELETE /api/messages': async () => {
        await mailbox.clear();
        return { status: 204 };
      },
      'GET /sandbox/faults': () => json(200, faults),
      'POST /sandbox/faults': async ({ request }) => {
        faults = await readBody(request, faultsBody);
        receiver.fault(faults);
        return request.headers['content-type'] === 'application/json' ? json(200, faults) : seeOther('/');
      },
    },
  ).catch(async (error: unknown) => {
    await receiver.close();
    await mailbox.close();
    throw error;
  });

  return {
    smtpPort: receiver.port,
    httpPort: web.port,
    url: web.url,
    close: async () => {
      await Promise.all([web.close(), receiver.close()]);
      await mailbox.close();
    },
  };
}
