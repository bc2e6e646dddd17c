import { faultButtons, html, page, table, type Markup } from '../http/page.ts';
import type { Mail } from './mailbox.ts';
import { faultModes, type MailFaults } from './receive.ts';

const time = (iso: string): string => iso.slice(0, 19).replace('T', ' ');

/** The mails, newest first, a search field, a button per fault. */
export function listPage(mails: { items: readonly Mail[]; total: number }, query: string, faults: MailFaults): string {
  const rows = mails.items.map(({ id, receivedAt, to, subject, attachments }) => [
    time(receivedAt),
    to.join(', '),
    html`<a href="/messages/${id}">${subject === '' ? '(no subject)' : subject}</a>`,
    attachments.map(({ filename }) => filename).join(', '),
  ]);
  return page(
    'Mail',
    html`<h1><a href="/">Mail</a></h1>
      <form action="/" method="get" role="search">
        <input name="q" value="${query}" placeholder="address or subject" aria-label="Search" /><button>Search</button>
      </form>
      ${faultButtons(faultModes, faults.mode)}
      <p class="quiet">${mails.total} in all, the newest ${mails.items.length} are shown (UTC)</p>
      ${table(['Received', 'To', 'Subject', 'Attachments'], rows)}`,
  );
}

/** One mail. Its own markup is in a frame that runs and loads nothing. */
export function mailPage(mail: Mail): string {
  const attachments = mail.attachments.map(
    ({ filename, contentType, content, encoding }, index) =>
      html`<h2><a href="/messages/${mail.id}/attachments/${index}">${filename === '' ? contentType : filename}</a></h2>
        ${encoding === 'utf8' ? html`<pre>${content}</pre>` : undefined}`,
  );
  return page(
    mail.subject,
    html`<h1><a href="/">Mail</a> › ${mail.subject}</h1>
      <p>${mail.from} → ${mail.to.join(', ')}<br /><span class="quiet">${time(mail.receivedAt)} UTC</span></p>
      ${mail.html === undefined ? undefined : html`<iframe sandbox src="/messages/${mail.id}/body" title="The mail"></iframe>`}
      <pre>${linked(mail.text)}</pre>
      ${attachments}
      <details>
        <summary>Headers</summary>
        <pre>${Object.entries(mail.headers).map(([name, value]) => html`${name}: ${value} `)}</pre>
      </details>`,
  );
}

/** A text whose http and https addresses can be clicked. The page behind a link gets no referrer. */
function linked(text: string): Markup[] {
  // a full stop or a bracket behind an address belongs to the sentence
  const parts = text.split(/(https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}])/);
  return parts.map((part, index) =>
    index % 2 === 1 && URL.canParse(part) ? html`<a href="${part}" rel="noreferrer">${part}</a>` : html`${part}`,
  );
}
