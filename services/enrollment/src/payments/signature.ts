import { createHmac, timingSafeEqual } from 'node:crypto';

const toleranceSeconds = 300;

/**
 * Whether the provider has signed these very bytes within the last five minutes (or the next five: clocks differ).
 * @param header `t=<unix seconds>,v1=<hex hmac-sha256 of "t.body">`
 */
export function isSigned(
  body: Buffer,
  header: string | undefined,
  { secret, now }: { secret: string; now: Date },
): boolean {
  const { t, v1 } = /^t=(?<t>\d{1,12}),v1=(?<v1>[0-9a-f]{64})$/.exec(header ?? '')?.groups ?? {};
  if (t === undefined || v1 === undefined) return false;
  if (Math.abs(now.getTime() / 1_000 - Number(t)) > toleranceSeconds) return false;
  const expected = createHmac('sha256', secret).update(`${t}.`).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(v1, 'hex'));
}
