import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@homeroom/testing';
import type { Server as Sandbox } from '../src/http/app.ts';
import { startPaymentSandbox } from '../src/payments/sandbox.ts';

type Body = Record<string, unknown> & { id: string };
const pottery = { amountCents: 8500, currency: 'USD', reference: 'enrollment-1' };
let sandbox: Sandbox;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'payment-sandbox-'));
  sandbox = await start();
});
afterEach(async () => {
  await sandbox.close();
  await rm(directory, { recursive: true });
});

const start = (webhookUrl?: string): Promise<Sandbox> =>
  startPaymentSandbox({
    host: '127.0.0.1',
    port: 0,
    webhookSecret: 'whsec',
    webhookRetryMs: 5,
    dataFile: join(directory, 'ledger.ndjson'),
    ...(webhookUrl === undefined ? {} : { webhookUrl }),
  });
const post = (
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> =>
  fetch(`${sandbox.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
const charge = (key: string, body: unknown = pottery, signal?: AbortSignal): Promise<Response> =>
  post('/v1/charges', body, { 'idempotency-key': key }, signal);
const refund = (key: string, body: unknown): Promise<Response> => post('/v1/refunds', body, { 'idempotency-key': key });
const read = async (response: Promise<Response>): Promise<Body> => (await (await response).json()) as Body;
const list = async (path: string): Promise<Body[]> =>
  ((await (await fetch(`${sandbox.url}${path}`)).json()) as { items: Body[] }).items;
const fault = (body: object): Promise<Response> => post('/sandbox/faults', body);

describe('an idempotency key', () => {
  test('returns the same answer for the same request and charges once', async () => {
    const first = await read(charge('a'));
    expect(first).toMatchObject({ status: 'succeeded', ...pottery });
    expect(await read(charge('a', { reference: 'enrollment-1', currency: 'USD', amountCents: 8500 }))).toEqual(first);
    expect(await list('/v1/charges')).toHaveLength(1);
  });

  test('shared by many concurrent requests makes one charge', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => read(charge('a'))));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(await list('/v1/charges')).toHaveLength(1);
  });

  test('of one request is rejected for another, and for a refund', async () => {
    const { id } = await read(charge('a'));
    const other = await charge('a', { ...pottery, amountCents: 1 });
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: 'idempotency_key_reused' });
    expect((await refund('a', { chargeId: id, amountCents: 8500 })).status).toBe(422);
  });

  test('is required', async () => {
    expect(await read(post('/v1/charges', pottery))).toMatchObject({ code: 'idempotency_key_missing' });
  });
});

test('refunds never exceed the charge', async () => {
  const { id } = await read(charge('a'));
  expect((await refund('r1', { chargeId: id, amountCents: 8000 })).status).toBe(201);
  expect((await refund('r1', { chargeId: id, amountCents: 8000 })).status).toBe(201);
  expect(await read(refund('r2', { chargeId: id, amountCents: 501 }))).toMatchObject({ code: 'refund_too_large' });
  expect((await refund('r3', { chargeId: id, amountCents: 500 })).status).toBe(201);
  expect((await refund('r4', { chargeId: 'ch_none', amountCents: 1 })).status).toBe(404);
  expect(await list('/v1/charges?idempotencyKey=a')).toMatchObject([{ id, refundedCents: 8500 }]);
  expect(await list('/v1/refunds?reference=enrollment-1')).toHaveLength(2);
});

test('invalid requests are rejected with a reason', async () => {
  const bad = [
    { ...pottery, amountCents: -1 },
    { ...pottery, amountCents: 1.5 },
    { ...pottery, currency: 'usd' },
    { ...pottery, x: 1 },
    '[',
  ];
  const answers = await Promise.all(bad.map(async (body, index) => (await charge(String(index), body)).status));
  expect(answers).toEqual([422, 422, 422, 422, 400]);
  expect((await charge('large', { ...pottery, description: 'x'.repeat(70_000) })).status).toBe(413);
  expect((await fetch(`${sandbox.url}/v1/charges?limit=0`)).status).toBe(422);
});

test('the ledger is read page by page', async () => {
  for (const key of ['1', '2', '3', '4', '5']) await charge(key);
  const first = (await (await fetch(`${sandbox.url}/v1/charges?limit=3`)).json()) as { items: Body[]; next: string };
  expect(first.items.map((item) => item['idempotencyKey'])).toEqual(['1', '2', '3']);
  expect((await list(`/v1/charges?limit=3&after=${first.next}`)).map((item) => item['idempotencyKey'])).toEqual([
    '4',
    '5',
  ]);
});

describe('a restart', () => {
  test('loses no charge, refund, or answer', async () => {
    const first = await read(charge('a'));
    await refund('r', { chargeId: first.id, amountCents: 500 });
    await sandbox.close();
    sandbox = await start();
    expect(await read(charge('a'))).toEqual(first);
    expect(await list('/v1/charges')).toMatchObject([{ id: first.id, refundedCents: 500 }]);
    expect((await charge('a', { ...pottery, amountCents: 1 })).status).toBe(422);
  });

  test('drops only a line that a crash cut off, and rejects a damaged ledger', async () => {
    const file = join(directory, 'ledger.ndjson');
    await charge('a');
    await sandbox.close();
    await appendFile(file, '{"kind":"charge","cha');
    sandbox = await start();
    expect(await list('/v1/charges')).toHaveLength(1);
    await charge('b');
    expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(2);
    await appendFile(file, '{"kind":"cha\n');
    await expect(start()).rejects.toThrow('ledger.ndjson:3 cannot be read');
  });
});

describe('faults', () => {
  test('down resets connections until it is turned off', async () => {
    await fault({ mode: 'down' });
    await expect(charge('a')).rejects.toThrow();
    await expect(list('/v1/charges')).rejects.toThrow();
    expect(await read(fetch(`${sandbox.url}/sandbox/faults`))).toMatchObject({ mode: 'down', struck: 2 });
    await fault({ mode: 'none' });
    expect(await list('/v1/charges')).toHaveLength(0);
    expect((await charge('a')).status).toBe(201);
  });

  test('failing answers 500 at the given rate without charging', async () => {
    await fault({ mode: 'failing', rate: 0.5 });
    const statuses: number[] = [];
    for (const key of ['1', '2', '3', '4']) statuses.push((await charge(key)).status);
    expect(statuses).toEqual([201, 500, 201, 500]);
    await fault({ mode: 'none' });
    expect(await list('/v1/charges')).toHaveLength(2);
  });

  test('decline declines, and the key replays it', async () => {
    await fault({ mode: 'decline' });
    const declined = await read(charge('a'));
    expect(declined).toMatchObject({ status: 'declined' });
    await fault({ mode: 'none' });
    expect(await read(charge('a'))).toEqual(declined);
    expect(await read(refund('r', { chargeId: declined.id, amountCents: 1 }))).toMatchObject({
      code: 'refund_too_large',
    });
  });

  test('slow charges even if the client has disconnected, and a close does not wait for it', async () => {
    await fault({ mode: 'slow', delayMs: 100 });
    const client = new AbortController();
    const disconnect = (): void => client.abort();
    subscribe('http.server.request.start', disconnect);
    await expect(charge('a', pottery, client.signal)).rejects.toThrow();
    unsubscribe('http.server.request.start', disconnect);
    await waitFor('the charge', async () => (await list('/v1/charges')).length === 1);
    await fault({ mode: 'slow', delayMs: 600_000 });
    const stuck = expect(charge('b')).rejects.toThrow();
    await waitFor('the close', () => sandbox.close().then(() => true));
    await stuck;
    sandbox = await start();
  });

  test('timeout-after-charge: the retry with the same key gets the one charge', async () => {
    await fault({ mode: 'timeout-after-charge', delayMs: 20 });
    await expect(charge('a')).rejects.toThrow();
    expect(await read(charge('a'))).toMatchObject({ status: 'succeeded', ...pottery });
    expect(await list('/v1/charges')).toHaveLength(1);
  });
});

describe('webhooks', () => {
  let merchant: Server;
  let received: { signature: string; body: string }[];
  let refusals: number;

  beforeEach(async () => {
    received = [];
    refusals = 0;
    merchant = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (refusals-- > 0) {
          response.writeHead(503).end();
          return;
        }
        received.push({
          signature: String(request.headers['payment-signature']),
          body: Buffer.concat(chunks).toString(),
        });
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => merchant.listen(0, '127.0.0.1', resolve));
    await sandbox.close();
    sandbox = await start(merchantUrl());
  });
  afterEach(() => {
    merchant.closeAllConnections();
    merchant.close();
  });
  const merchantUrl = (): string => `http://127.0.0.1:${(merchant.address() as AddressInfo).port}/hook`;
  const events = (): Body[] => received.map(({ body }) => JSON.parse(body) as Body);

  test('report charges and refunds, signed', async () => {
    const made = await read(charge('a'));
    await refund('r', { chargeId: made.id, amountCents: 8500 });
    await waitFor('two webhooks', () => received.length === 2);
    expect(events()).toMatchObject([
      { id: `evt_${made.id}`, type: 'charge.succeeded', data: { id: made.id, reference: 'enrollment-1' } },
      { type: 'refund.succeeded', data: { chargeId: made.id } },
    ]);
    const { signature, body } = received[0]!;
    const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
    expect(mac).toBe(createHmac('sha256', 'whsec').update(`${time!}.${body}`).digest('hex'));
  });

  test('are sent again until they are accepted, also after a restart', async () => {
    refusals = 3;
    await charge('a');
    await waitFor('the retry', () => received.length === 1);
    await fault({ mode: 'none', webhooks: 'held' });
    await charge('b');
    await sandbox.close();
    sandbox = await start(merchantUrl());
    await waitFor('the one that was held', () => received.length === 2);
    expect(events().map(({ data }) => (data as Body)['idempotencyKey'])).toEqual(['a', 'b']);
    await waitFor(
      'delivery on record',
      async () => (await readFile(join(directory, 'ledger.ndjson'), 'utf8')).split('webhook-delivered').length === 3,
    );
  });

  test('are sent twice with one id in that mode', async () => {
    await fault({ mode: 'none', webhooks: 'twice' });
    await charge('a');
    await waitFor('both', () => received.length === 2);
    expect(new Set(events().map(({ id }) => id)).size).toBe(1);
  });
});

test('the page shows the ledger, escaped, and its buttons set faults', async () => {
  await charge('a', { ...pottery, reference: '<script>alert(1)</script>' });
  const front = await fetch(`${sandbox.url}/`);
  const text = await front.text();
  expect(front.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(text).not.toContain('<script');
  expect(text).toContain('85.00 USD');
  const button = await fetch(`${sandbox.url}/sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: sandbox.url },
    body: 'mode=down',
    redirect: 'manual',
  });
  expect(button.status).toBe(303);
  await expect(charge('b')).rejects.toThrow();
});
