import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startHarness, webhookSecret, type Harness } from '../harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ env: { RATE_LIMIT_PER_MINUTE: '50' } });
});
afterAll(() => harness.close());

const now = () => Math.floor(Date.now() / 1_000);
const sign = (body: string, { secret = webhookSecret, t = now() } = {}): string =>
  `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;

const post = (body: string, headers: Record<string, string> = { 'payment-signature': sign(body) }) =>
  harness.app.inject({
    method: 'POST',
    url: '/api/payments/webhook',
    headers: { 'content-type': 'application/json', ...headers },
    payload: body,
  });

const webhook = (type: string, reference: string, id = uuidv7(), chargeId?: string): string =>
  JSON.stringify({
    id: `evt_${id}`,
    type,
    data: {
      id: chargeId ?? `${type.startsWith('refund') ? 're' : 'ch'}_${reference}`,
      reference,
      amountCents: 14_500,
      newer: true,
    },
    createdAt: new Date().toISOString(),
  });

const aSeat = async () => {
  const { id: classId } = await harness.openClass();
  const [child] = await harness.children(1);
  const headers = await harness.guardian(child!.familyId);
  const { id } = (await harness.enroll(child!, classId, headers)).json();
  return { id: id as string, headers };
};
const stateOf = async (id: string) => {
  const [row] = await harness.rows<{ state: string; status: string; version: number }>(
    'select c.state, e.status, e.version from charges c join enrollments e using (enrollment_id) where enrollment_id = $1',
    id,
  );
  return row!;
};

describe('POST /api/payments/webhook', () => {
  test('confirms a seat once, however often the event arrives', async () => {
    const { id } = await aSeat();
    const body = webhook('charge.succeeded', id);
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(body)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array<number>(10).fill(204));
    await post(webhook('charge.succeeded', id));
    expect(await stateOf(id)).toEqual({ state: 'charged', status: 'enrolled', version: 2 });
  });

  test('D8: applies declines and refunds, in any order and any number of times', async () => {
    const declined = await aSeat();
    for (let i = 0; i < 3; i++) await post(webhook('charge.declined', declined.id));
    expect(await stateOf(declined.id)).toEqual({ state: 'due', status: 'payment_pending', version: 2 });
    const held = 'select declines from charges where enrollment_id = $1';
    expect(await harness.rows(held, declined.id)).toEqual([{ declines: 1 }]);
    await harness.rows('update charges set pay_by = now() where enrollment_id = $1', declined.id);
    await post(webhook('charge.declined', declined.id, uuidv7(), `ch_2_${declined.id}`));
    expect(await stateOf(declined.id)).toEqual({ state: 'declined', status: 'cancelled', version: 3 });

    const refunded = await aSeat();
    await post(webhook('refund.succeeded', refunded.id));
    expect(await stateOf(refunded.id)).toMatchObject({ state: 'due' });
    await post(webhook('charge.succeeded', refunded.id));
    await harness.cancel(refunded.id, refunded.headers);
    expect(await stateOf(refunded.id)).toMatchObject({ state: 'refund_due' });
    await post(webhook('refund.succeeded', refunded.id));
    await post(webhook('charge.succeeded', refunded.id));
    await post(webhook('charge.declined', refunded.id));
    expect(await stateOf(refunded.id)).toMatchObject({ state: 'refunded', status: 'cancelled' });
  });

  test('refunds a charge of a seat that was canceled', async () => {
    const { id, headers } = await aSeat();
    await harness.cancel(id, headers);
    expect(await stateOf(id)).toMatchObject({ state: 'void' });
    await post(webhook('charge.succeeded', id));
    expect(await stateOf(id)).toMatchObject({ state: 'refund_due', status: 'cancelled' });
  });

  test('accepts events that it does not use, so that they are not sent again', async () => {
    const { id } = await aSeat();
    for (const body of [
      webhook('charge.succeeded', uuidv7()),
      webhook('charge.succeeded', 'not an id'),
      webhook('dispute.opened', id),
      JSON.stringify({ id: 'evt_1', type: 'charge.succeeded' }),
    ]) {
      expect((await post(body)).statusCode).toBe(204);
    }
    expect(await stateOf(id)).toMatchObject({ state: 'due' });
  });

  test('refuses what the provider has not signed in the last five minutes', async () => {
    const { id } = await aSeat();
    const body = webhook('charge.succeeded', id);
    const forgeries: Record<string, string>[] = [
      {},
      { 'payment-signature': '' },
      { 'payment-signature': sign(body, { secret: 'another secret' }) },
      { 'payment-signature': sign(`${body} `) },
      { 'payment-signature': sign(body, { t: now() - 301 }) },
      { 'payment-signature': sign(body, { t: now() + 302 }) },
      { 'payment-signature': sign(body).replace(/^t=\d+/, `t=${now() - 1}`) },
      { 'payment-signature': sign(body).toUpperCase() },
      { 'payment-signature': `${sign(body)},v1=00` },
      { 'payment-signature': sign(body).slice(0, -2) },
    ];
    for (const headers of forgeries) {
      const response = await post(body, headers);
      expect([response.statusCode, response.json().code]).toEqual([401, 'signature_invalid']);
    }
    expect(await stateOf(id)).toMatchObject({ state: 'due' });
    expect((await post(body)).statusCode).toBe(204);
  });

  test.each([
    ['an unpaired surrogate', String.raw`{"id":"evt_\ud800","type":"charge.succeeded"}`],
    ['one further down', String.raw`{"id":"evt_1","type":"charge.succeeded","data":{"id":"\udfff","reference":"r"}}`],
    ['a NUL', String.raw`{"id":"evt_\u0000","type":"charge.succeeded"}`],
  ])('S11: refuses %s, signed or not', async (_what, body) => {
    const answer = await post(body);
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'validation_failed']);
  });

  test('refuses signed requests that are malformed', async () => {
    const codes = [];
    for (const body of ['{', '[]', '{"id":7,"type":"x"}', '""']) codes.push((await post(body)).json().code);
    expect(codes).toEqual(['malformed_json', 'validation_failed', 'validation_failed', 'validation_failed']);
    const large = await post(JSON.stringify({ id: 'x', type: 'x', data: 'x'.repeat(300_000) }));
    expect([large.statusCode, large.json().code]).toEqual([413, 'body_too_large']);
    expect((await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).statusCode).toBe(415);
  });

  test('is not counted against the limit per address', async () => {
    const statuses = new Set<number>();
    for (let i = 0; i < 120; i++) statuses.add((await post(webhook('charge.succeeded', uuidv7()))).statusCode);
    expect([...statuses]).toEqual([204]);
  });
});
