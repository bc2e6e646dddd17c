import { html, page, type Markup } from '../sandbox-http/page.ts';
import type { Reply } from '../sandbox-http/server.ts';
import type { Mail } from './mailbox.ts';
import type { MailFaults } from './receive.ts';

const time = (iso: string): string => iso.slice(0, 19).replace('T', ' ');

/** The mails, newest first, a field to search them, a button per fault. */
export function listPage(mails: { items: readonly Mail[]; total: number }, query: string, faults: MailFaults): Reply {
  const modes = ['none', 'slow', 'reject', 'down'] as const;
  return page(
    'Mail',
    html`<h1><a href="/">Mail that was sent</a></h1>
      <form action="/" method="get" role="search">
        <input name="q" value="${query}" placeholder="address or subject" aria-label="Search" /><button>Search</button>
      </form>
      ${modes.map((mode) => button(mode, faults.mode))}
      <p class="quiet">${mails.total} in all, the newest ${mails.items.length} shown (UTC)</p>
      <table>
        <thead>
          <tr>
            <th>Received</th>
            <th>To</th>
            <th>Subject</th>
            <th>Attached</th>
          </tr>
        </thead>
        <tbody>
          ${mails.items.map(row)}
        </tbody>
      </table>`,
  );
}

const button = (mode: MailFaults['mode'], current: MailFaults['mode']): Markup =>
  html`<form action="/sandbox/faults" method="post">
    <button name="mode" value="${mode}" aria-pressed="${String(mode === current)}">
      ${mode === 'none' ? 'works' : mode}
    </button>
  </form>`;

const row = (mail: Mail): Markup =>
  html`<tr>
    <td>${time(mail.receivedAt)}</td>
    <td>${mail.to.join(', ')}</td>
    <td><a href="/messages/${mail.id}">${mail.subject === '' ? '(no subject)' : mail.subject}</a></td>
    <td>${mail.attachments.map(({ filename }) => filename).join(', ')}</td>
  </tr>`;

/** One mail. Its own markup lives in a frame that may run and load nothing: see `bodyOf`. */
export function mailPage(mail: Mail): Reply {
  const attachment = (
    { filename, contentType, content, encoding }: Mail['attachments'][number],
    index: number,
  ): Markup =>
    html`<h2><a href="/messages/${mail.id}/attachments/${index}">${filename === '' ? contentType : filename}</a></h2>
      ${encoding === 'utf8' ? html`<pre>${content}</pre>` : undefined}`;
  return page(
    mail.subject,
    html`<h1><a href="/">Mail</a> › ${mail.subject}</h1>
      <p>${mail.from} → ${mail.to.join(', ')}<br /><span class="quiet">${time(mail.receivedAt)} UTC</span></p>
      ${mail.html === undefined ? undefined : html`<iframe sandbox src="/messages/${mail.id}/body" title="The mail"></iframe>`}
      <pre>${linked(mail.text)}</pre>
      ${mail.attachments.map(attachment)}
      <details>
        <summary>Headers</summary>
        <pre>${Object.entries(mail.headers).map(([name, value]) => html`${name}: ${value} `)}</pre>
      </details>`,
  );
}

/** A text whose http and https addresses can be clicked. The page a link leads to does not learn where it came from. */
function linked(text: string): Markup[] {
  // a full stop or a bracket behind an address belongs to the sentence
  const parts = text.split(/(https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}])/);
  return parts.map((part, index) =>
    index % 2 === 1 && URL.canParse(part) ? html`<a href="${part}" rel="noreferrer">${part}</a>` : html`${part}`,
  );
}

/** A mail's own markup, written by who knows whom: an origin of its own, no scripts, no forms, nothing from the network. */
export const bodyOf = (mail: Mail): Reply => ({
  status: 200,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
  },
  body: mail.html ?? '',
});

/** An attachment, always as a download: a caught mail must not become a page of this origin. */
export function download({ filename, content, encoding }: Mail['attachments'][number]): Reply {
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(filename === '' ? 'attachment' : filename)}`,
      'content-security-policy': "sandbox; default-src 'none'",
    },
    body: Buffer.from(content, encoding),
  };
}
