import type { Logger } from '@homeroom/chassis';
import { redisScript, type Redis } from '@homeroom/redis';
import { createHash } from 'node:crypto';
import type { AccountKey } from './account-key.ts';
import type { TokenPurpose } from './account-tokens.ts';
import { networkOf } from './network-of.ts';

const windowMs = 3_600_000;
/** After a failure Redis is not asked for this long, so that a slow one does not slow every request. */
const restMs = 1_000;
/** Counted in one process; beyond that the oldest are dropped. */
const maxCounters = 20_000;

/** KEYS mailbox, network; ARGV their limits, windowMs. @returns 0, or the milliseconds until a full counter ends. Counts nothing then. */
const takeScript = `
for i = 1, 2 do
  local limit = tonumber(ARGV[i])
  if limit > 0 and tonumber(redis.call('GET', KEYS[i]) or '0') >= limit then return math.max(1, redis.call('PTTL', KEYS[i])) end
end
for i = 1, 2 do
  redis.call('INCR', KEYS[i])
  redis.call('PEXPIRE', KEYS[i], ARGV[3], 'NX')
end
return 0`;

// a bare DECR would bring back a counter that has just expired, without an expiry
const refundScript = `
for i = 1, 2 do
  if redis.call('EXISTS', KEYS[i]) == 1 then redis.call('DECR', KEYS[i]) end
end
return 0`;

interface WantedMail {
  readonly purpose: TokenPurpose;
  readonly account: AccountKey;
  /** The client's network address. */
  readonly address: string;
}

export type MailLimit = ReturnType<typeof openMailLimit>;

/**
 * Bounds the mails that strangers can have sent: per co-op and mailbox, and per client address, in an hour, counted in Redis for all
 * processes together, and in this process alone while Redis is down. A limit of 0 is none.
 */
export function openMailLimit(options: {
  redis: Redis;
  keyPrefix?: string;
  perMailbox: number;
  perAddress: number;
  logger: Logger;
}) {
  const { keyPrefix = '' } = options;
  const limits = [options.perMailbox, options.perAddress];
  const takeFromRedis = redisScript(options.redis, takeScript);
  const refundInRedis = redisScript(options.redis, refundScript);
  const local = new LocalCounters();
  let restUntil = 0;

  const keysOf = ({ purpose, account: { coopId, email }, address }: WantedMail): string[] => {
    const mailbox = createHash('sha256')
      .update(`${purpose}\0${coopId}\0${countedAs(purpose, email)}`)
      .digest('base64url');
    return [`${keyPrefix}mail:${mailbox}`, `${keyPrefix}mail:${networkOf(address)}`];
  };
  const onFailure = (error: unknown): void => {
    restUntil = Date.now() + restMs;
    options.logger.warn({ err: error }, 'mail limit counted in this process alone');
  };

  return {
    /** Counts a mail. @returns 0 when it may be sent, otherwise the milliseconds until the next one may. Never throws. */
    async take(mail: WantedMail): Promise<number> {
      const keys = keysOf(mail);
      if (Date.now() < restUntil) return local.take(keys, limits);
      try {
        return Number(await takeFromRedis(keys, [...limits, windowMs]));
      } catch (error) {
        onFailure(error);
        return local.take(keys, limits);
      }
    },
    /** The mail was not sent after all. Never throws. */
    async refund(mail: WantedMail): Promise<void> {
      const keys = keysOf(mail);
      local.refund(keys);
      if (Date.now() >= restUntil) await refundInRedis(keys, []).catch(onFailure);
    },
  };
}

/** What the scripts do, in this process. */
class LocalCounters {
  private readonly counters = new Map<string, { count: number; readonly endsAt: number }>();

  take(keys: readonly string[], limits: readonly number[]): number {
    const now = Date.now();
    const counters = keys.map((key) => this.current(key, now));
    const full = counters.find(({ count }, index) => count >= (limits[index] || Infinity));
    if (full !== undefined) return Math.max(1, full.endsAt - now);
    for (const counter of counters) counter.count += 1;
    return 0;
  }

  refund(keys: readonly string[]): void {
    for (const counter of keys.flatMap((key) => this.counters.get(key) ?? [])) {
      counter.count = Math.max(0, counter.count - 1);
    }
  }

  private current(key: string, now: number): { count: number; readonly endsAt: number } {
    const known = this.counters.get(key);
    if (known !== undefined && known.endsAt > now) return known;
    const counter = { count: 0, endsAt: now + windowMs };
    this.counters.delete(key);
    this.counters.set(key, counter);
    const [oldest] = this.counters.keys();
    if (this.counters.size > maxCounters && oldest !== undefined) this.counters.delete(oldest);
    return counter;
  }
}

/**
 * The mailbox that an address counts as: without its `+tag`, because the owner of a mailbox has every tag. Password resets of
 * the address without a tag count apart from those with one. A reset is counted whether or not the address has an account:
 * otherwise anyone could use up a family's resets with tags that do not exist.
 */
export function countedAs(purpose: TokenPurpose, email: string): string {
  const at = email.lastIndexOf('@');
  const tag = email.slice(0, at).indexOf('+', 1);
  if (tag === -1) return email;
  return `${email.slice(0, tag)}${purpose === 'reset_password' ? '+' : ''}${email.slice(at)}`;
}
