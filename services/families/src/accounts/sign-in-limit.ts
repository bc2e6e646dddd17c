import { refused, type Refused } from '@homeroom/chassis';
import type { Redis } from '@homeroom/redis';
import { createHash } from 'node:crypto';
import type { AccountKey } from '../credentials/account-key.ts';
import { networkOf } from '../credentials/network-of.ts';
import { signInScript } from './sign-in-script.ts';

const windowSeconds = 900;

/** KEYS account, network; ARGV their limits, windowSeconds. @returns 0, or the seconds until a full counter ends. */
const attemptScript = `
local wait = 0
for i = 1, 2 do
  local attempts = redis.call('INCR', KEYS[i])
  redis.call('EXPIRE', KEYS[i], ARGV[3], 'NX')
  local limit = tonumber(ARGV[i])
  if wait == 0 and limit > 0 and attempts > limit then wait = math.max(1, redis.call('TTL', KEYS[i])) end
end
return wait`;

// a bare DECR would bring back a counter that has just expired, without an expiry
const forgiveScript = `
redis.call('DEL', KEYS[1])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('DECR', KEYS[2]) end
return 0`;

export type SignInLimit = ReturnType<typeof openSignInLimit>;

/**
 * Counts failed sign-ins per account and address, and per address. Not per account alone: that would let anyone lock a
 * family out. Emails are kept as hashes. A limit of 0 is none. Methods throw the Problem `sessions_unavailable`.
 */
export function openSignInLimit(options: { redis: Redis; keyPrefix?: string; perAccount: number; perAddress: number }) {
  const { redis, keyPrefix = '', perAccount, perAddress } = options;
  const count = signInScript(redis, attemptScript);
  const forgive = signInScript(redis, forgiveScript);
  const keysOf = ({ coopId, email }: AccountKey, address: string): string[] => {
    const network = networkOf(address);
    const account = createHash('sha256').update(`${network}\0${coopId}\0${email}`).digest('base64url');
    return [`${keyPrefix}sign-in:${account}`, `${keyPrefix}sign-in:${network}`];
  };
  return {
    /** Counts an attempt before its password is checked. */
    async attempt(account: AccountKey, address: string): Promise<Refused<'too_many_attempts'> | undefined> {
      const [retryAfterSeconds = 0] = await count(keysOf(account, address), [perAccount, perAddress, windowSeconds]);
      return retryAfterSeconds === 0 ? undefined : refused('too_many_attempts', undefined, { retryAfterSeconds });
    },
    /** The password was right: the attempt does not count. */
    async succeeded(account: AccountKey, address: string): Promise<void> {
      await forgive(keysOf(account, address), []);
    },
  };
}
