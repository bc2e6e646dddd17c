import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport, type Transporter } from 'nodemailer';
import { startMailCatcher, type MailCatcher } from '../src/mail/catcher.ts';
import type { Mail } from '../src/mail/mailbox.ts';

const ics = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n';
let catcher: MailCatcher;
let transport: Transporter;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mail-catcher-'));
  catcher = await startMailCatcher({
    host: '127.0.0.1',
    smtpPort: 0,
    httpPort: 0,
    keepMails: 5,
    mailLimitBytes: 50_000,
  });
  transport = createTransport({ host: '127.0.0.1', port: catcher.smtpPort, ignoreTLS: true });
});
afterEach(async () => {
  transport.close();
  await catcher.close();
  await rm(directory, { recursive: true });
});

const send = (to: string, subject: string, more: object = {}): Promise<unknown> =>
  transport.sendMail({ from: 'Homeroom <hello@homeroom.test>', to, subject, text: `Dear ${to}`, ...more });
const get = async (path: string): Promise<Response> => fetch(`${catcher.url}${path}`);
const list = async (query = ''): Promise<{ items: Mail[]; total: number }> =>
  (await (await get(`/api/messages${query}`)).json()) as { items: Mail[]; total: number };
const fault = (body: object): Promise<Response> =>
  fetch(`${catcher.url}/sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('a received mail', () => {
  test('is listed with its text, markup, headers, and attachments', async () => {
    await send('Zoë@Example.org', 'Grüße 🎒', {
      html: '<b>Hi</b>',
      headers: { 'X-Homeroom-Kind': 'welcome' },
      icalEvent: { method: 'REQUEST', content: ics, filename: 'invite.ics' },
      attachments: [{ filename: 'a.bin', content: Buffer.from([0, 255]) }],
    });
    const { items, total } = await list();
    expect(total).toBe(1);
    expect(items[0]).toMatchObject({
      to: ['zoë@example.org'],
      from: 'hello@homeroom.test',
      subject: 'Grüße 🎒',
      headers: { 'x-homeroom-kind': 'welcome' },
      html: expect.stringContaining('<b>Hi</b>') as unknown,
    });
    const attachments = items[0]!.attachments;
    const calendars = attachments.filter(({ contentType }) => /calendar|ics/.test(contentType));
    expect(calendars.map(({ content }) => content.replace(/\r?\n/g, '\r\n'))).toEqual(calendars.map(() => ics));
    expect(calendars.length).toBeGreaterThan(0);
    expect(attachments.find(({ filename }) => filename === 'a.bin')).toMatchObject({
      content: 'AP8=',
      encoding: 'base64',
    });
  });

  test('is found by a whole address (`to`), by a part of it or of the subject (`q`), and by order (`after`)', async () => {
    await send('ann@x.test', 'one');
    await send('joann@x.test', 'two');
    await send('ann@x.test', 'three');
    expect((await list('?to=ANN@x.test')).items.map(({ subject }) => subject)).toEqual(['one', 'three']);
    expect((await list('?q=ann@')).total).toBe(3);
    expect((await list('?q=TWO')).items.map(({ to }) => to)).toEqual([['joann@x.test']]);
    const first = (await list('?limit=1')).items[0]!;
    expect(await list(`?after=${first.id}&limit=1`)).toMatchObject({ total: 3, items: [{ subject: 'two' }] });
    expect((await list('?order=newest')).items[0]).toMatchObject({ subject: 'three' });
  });

  test('keeps only the newest, rejects a mail that is too large, and deletes all on request', async () => {
    for (const subject of ['1', '2', '3', '4', '5', '6', '7']) await send('a@x.test', subject);
    expect((await list()).items.map(({ subject }) => subject)).toEqual(['3', '4', '5', '6', '7']);
    await expect(send('a@x.test', 'large', { text: 'x'.repeat(60_000) })).rejects.toMatchObject({ responseCode: 552 });
    expect((await fetch(`${catcher.url}/api/messages`, { method: 'DELETE' })).status).toBe(204);
    expect((await list()).total).toBe(0);
  });
});

test('a restart keeps the newest mails, and new ones come after them', async () => {
  const dataFile = join(directory, 'mails.jsonl');
  const restart = async (): Promise<void> => {
    transport.close();
    await catcher.close();
    catcher = await startMailCatcher({ host: '127.0.0.1', smtpPort: 0, httpPort: 0, keepMails: 2, dataFile });
    transport = createTransport({ host: '127.0.0.1', port: catcher.smtpPort, ignoreTLS: true });
  };
  await restart();
  for (const subject of ['1', '2', '3']) await send('a@x.test', subject);
  await restart();
  expect((await list()).items.map(({ subject }) => subject)).toEqual(['2', '3']);
  expect((await readFile(dataFile, 'utf8')).split('\n').length).toBe(3);
  await send('a@x.test', '4');
  await restart();
  expect((await list()).items.map(({ subject }) => subject)).toEqual(['3', '4']);
  await fetch(`${catcher.url}/api/messages`, { method: 'DELETE' });
  await restart();
  expect((await list()).total).toBe(0);
});

test('reports its health: a file that cannot be written asks for a restart, which repairs it', async () => {
  await catcher.close();
  const data = await mkdtemp(join(directory, 'data-'));
  const options = { host: '127.0.0.1', smtpPort: 0, httpPort: 0, dataFile: join(data, 'mails.jsonl') };
  const health = () =>
    Promise.all(['startup', 'ready', 'live'].map(async (question) => (await get(`/health/${question}`)).status));
  catcher = await startMailCatcher(options);
  expect(await health()).toEqual([200, 200, 200]);
  await rm(data, { recursive: true });
  expect((await fetch(`${catcher.url}/api/messages`, { method: 'DELETE' })).status).toBe(500);
  expect(await health()).toEqual([200, 503, 503]);
  await expect(catcher.close()).rejects.toThrow('ENOENT');
  await mkdir(data);
  catcher = await startMailCatcher(options);
  expect(await health()).toEqual([200, 200, 200]);
});

describe('the page', () => {
  test('escapes the text of mails and frames their markup where nothing runs', async () => {
    await send('a@x.test', '<script>alert(1)</script>', {
      html: '<script>alert(2)</script><img src="https://x.test/p.png">',
    });
    const front = await get('/?q=%22%3E%3Cscript%3E');
    expect(await front.text()).not.toMatch(/<script/i);
    expect(await (await get('/')).text()).toContain('&lt;script&gt;alert(1)');
    const { id } = (await list()).items[0]!;
    const mail = await get(`/messages/${id}`);
    expect(mail.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await mail.text()).not.toMatch(/<script/i);
    const body = await get(`/messages/${id}/body`);
    expect(body.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
  });

  test('turns only web addresses in a text into links, and nothing into markup', async () => {
    const text = 'Open http://127.0.0.1:8080/account/verify#a-b.c_d. Not javascript:alert(1), "https://x.test/<b>"&';
    await send('a@x.test', 'links', { text });
    const { id } = (await list()).items[0]!;
    const page = await (await get(`/messages/${id}`)).text();
    const links = [...page.matchAll(/<a href="(http[^"]*)" rel="noreferrer">([^<]*)<\/a>/g)].map(([, url, label]) => [
      url,
      label,
    ]);
    const [verify, other] = ['http://127.0.0.1:8080/account/verify#a-b.c_d', 'https://x.test/'];
    expect(links).toEqual([verify, other].map((url) => [url, url]));
    expect(page).not.toMatch(/<b>|href="javascript/);
    expect(page).toContain('&lt;b&gt;&quot;&amp;');
  });

  test('serves an attachment as a download, regardless of its type', async () => {
    await send('a@x.test', 'x', {
      attachments: [{ filename: 'é".html', content: '<script>1</script>', contentType: 'text/html' }],
    });
    const { id } = (await list()).items[0]!;
    const file = await get(`/messages/${id}/attachments/0`);
    expect(file.headers.get('content-type')).toBe('application/octet-stream');
    expect(file.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''%C3%A9%22.html");
    expect((await get(`/messages/${id}/attachments/9`)).status).toBe(404);
  });
});

describe('faults', () => {
  test('down: new and open connections are reset until it is up again', async () => {
    const pooled = createTransport({
      host: '127.0.0.1',
      port: catcher.smtpPort,
      ignoreTLS: true,
      pool: true,
      maxConnections: 1,
    });
    await pooled.sendMail({ from: 'a@x.test', to: 'b@x.test', subject: 'before', text: '' });
    await fault({ mode: 'down' });
    await expect(send('a@x.test', 'lost')).rejects.toThrow();
    await expect(pooled.sendMail({ from: 'a@x.test', to: 'b@x.test', subject: 'lost', text: '' })).rejects.toThrow();
    pooled.close();
    await fault({ mode: 'none' });
    await send('a@x.test', 'after');
    expect((await list()).items.map(({ subject }) => subject)).toEqual(['before', 'after']);
  });

  test('reject: the sender gets the status and the mail is not stored', async () => {
    await fault({ mode: 'reject', code: 452 });
    await expect(send('a@x.test', 'no')).rejects.toMatchObject({ responseCode: 452 });
    expect((await list()).total).toBe(0);
    expect(await (await get('/sandbox/faults')).json()).toMatchObject({ mode: 'reject', code: 452 });
  });

  test('slow: the mail is accepted after the delay, and a close does not wait for it', async () => {
    await fault({ mode: 'slow', delayMs: 40 });
    const started = performance.now();
    await send('a@x.test', 'late');
    expect(performance.now() - started).toBeGreaterThanOrEqual(39);
    await fault({ mode: 'slow', delayMs: 600_000 });
    const stuck = expect(send('a@x.test', 'never')).rejects.toThrow();
    await catcher.close();
    await stuck;
    catcher = await startMailCatcher({ host: '127.0.0.1', smtpPort: 0, httpPort: 0 });
  });

  test('another site, an unknown mode, and a body that is not JSON change nothing', async () => {
    const post = (headers: Record<string, string>, body: string): Promise<Response> =>
      fetch(`${catcher.url}/sandbox/faults`, { method: 'POST', headers, body });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await post({ ...form, origin: 'https://evil.test' }, 'mode=down')).status).toBe(403);
    expect((await fault({ mode: 'explode' })).status).toBe(422);
    expect((await post({ 'content-type': 'application/json' }, '{')).status).toBe(400);
    expect((await post({ 'content-type': 'text/plain' }, 'mode=down')).status).toBe(415);
    expect(await (await get('/sandbox/faults')).json()).toMatchObject({ mode: 'none' });
    expect((await fetch(`${catcher.url}/`, { method: 'PUT' })).status).toBe(405);
  });
});

test('a taken port is reported, and nothing stays open', async () => {
  await expect(startMailCatcher({ host: '127.0.0.1', smtpPort: 0, httpPort: catcher.httpPort })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
