import { refused, type Refused } from '@homeroom/chassis';
import type { Redis } from '@homeroom/redis';
import { createHash } from 'node:crypto';
import type { AccountKey } from '../credentials/account-key.ts';
import { signInScript } from './sign-in-script.ts';

export const slowdownWindowSeconds = 900;
/** Wrong passwords that a known device may send in a window before it counts as any other. */
const failuresPerDevice = 5;

/**
 * KEYS failures of the account, its slot, failures of the device; ARGV windowSeconds, after, intervalSeconds, perDevice, whether the
 * device is known. @returns {waitSeconds, failures, 1 when the device was exempt}. An attempt that must wait is not counted.
 */
const attemptScript = `
if ARGV[5] == '1' then
  local used = redis.call('INCR', KEYS[3])
  redis.call('EXPIRE', KEYS[3], ARGV[1], 'NX')
  if used <= tonumber(ARGV[4]) then return {0, 0, 1} end
end
local failures = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[1], 'NX')
if failures <= tonumber(ARGV[2]) then return {0, failures, 0} end
if redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[3]) then return {0, failures, 0} end
redis.call('DECR', KEYS[1])
return {math.max(1, redis.call('TTL', KEYS[2])), failures, 0}`;

// a bare DECR would bring back a counter that has just expired, without an expiry
const forgiveScript = `if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end return 0`;

/** An attempt that was admitted. */
interface AdmittedAttempt {
  /** Wrong passwords for the account in this window, when this attempt is the first beyond the limit; otherwise undefined. */
  readonly attackedBy: number | undefined;
  /** The password was right: the attempt does not count. */
  succeeded(): Promise<void>;
}

/** A digest of an account, for logs and keys that must not contain its address. */
export const accountLabel = ({ coopId, email }: AccountKey): string =>
  createHash('sha256').update(`${coopId}\0${email}`).digest('base64url');

/**
 * Slows guessing that is distributed over many addresses: beyond `after` wrong passwords for one account, from any address, one
 * attempt in `intervalSeconds` is admitted until the window ends. Accounts that do not exist are counted alike. A device that
 * has signed in before is exempt, within a small number of failures of its own, so that the owner is not locked out.
 * @param options.after 0 switches it off.
 */
export function openSignInSlowdown(options: {
  redis: Redis;
  keyPrefix?: string;
  after: number;
  intervalSeconds: number;
}) {
  const { redis, keyPrefix = '', after, intervalSeconds } = options;
  const count = signInScript(redis, attemptScript);
  const forgive = signInScript(redis, forgiveScript);
  return {
    /**
     * Counts an attempt before its password is checked.
     * @param device names a device that has signed in to this account before.
     * @throws {Problem} `sessions_unavailable`
     */
    async attempt(account: AccountKey, device?: string): Promise<AdmittedAttempt | Refused<'too_many_attempts'>> {
      if (after === 0) return { attackedBy: undefined, succeeded: () => Promise.resolve() };
      const key = `${keyPrefix}sign-in-failures:${accountLabel(account)}`;
      const deviceKey = `${keyPrefix}sign-in-device:${device ?? ''}`;
      const known = device === undefined ? 0 : 1;
      const [retryAfterSeconds = 0, failures = 0, exempt = 0] = await count(
        [key, `${key}:slot`, deviceKey],
        [slowdownWindowSeconds, after, intervalSeconds, failuresPerDevice, known],
      );
      if (retryAfterSeconds > 0) return refused('too_many_attempts', undefined, { retryAfterSeconds });
      return {
        attackedBy: failures === after + 1 ? failures : undefined,
        succeeded: async () => {
          await forgive([exempt === 1 ? deviceKey : key], []);
        },
      };
    },
  };
}
