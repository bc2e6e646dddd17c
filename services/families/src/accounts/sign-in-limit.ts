import { chassisProblem, refused, type Refused } from '@homeroom/chassis';
import type { Redis } from '@homeroom/redis';
import { createHash } from 'node:crypto';
import { networkOf } from '../credentials/network-of.ts';

const windowSeconds = 900;

// a bare DECR would bring back a counter that has just expired, without an expiry
const forgive = `redis.call('DEL', KEYS[1]) if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('DECR', KEYS[2]) end`;

export interface SignInLimit {
  /** Counts an attempt before its password is checked. @throws {Problem} `sessions_unavailable` */
  attempt(email: string, address: string): Promise<Refused<'too_many_attempts'> | undefined>;
  /** The password was right: the attempt does not count. */
  succeeded(email: string, address: string): Promise<void>;
}

/**
 * Counts failed sign-ins per email and address, and per address. Not per email alone: that would let anyone lock a
 * family out. Emails are kept as hashes. A limit of 0 is none.
 */
export function openSignInLimit({
  redis,
  keyPrefix = '',
  perAccount,
  perAddress,
}: {
  redis: Redis;
  keyPrefix?: string;
  perAccount: number;
  perAddress: number;
}): SignInLimit {
  const keysOf = (email: string, address: string): [account: string, network: string] => {
    const network = networkOf(address);
    const account = createHash('sha256').update(`${network}\0${email}`).digest('base64url');
    return [`${keyPrefix}sign-in:${account}`, `${keyPrefix}sign-in:${network}`];
  };
  const run = async (commands: (string | number)[][]): Promise<unknown[]> => {
    try {
      const replies = await redis.multi(commands).exec();
      if (replies === null) throw new Error('Redis discarded the transaction');
      return replies.map(([error, reply]) => {
        if (error !== null) throw error;
        return reply;
      });
    } catch (error) {
      throw Object.assign(chassisProblem('sessions_unavailable'), { cause: error });
    }
  };
  return {
    async attempt(email, address) {
      const keys = keysOf(email, address);
      const replies = await run(
        keys.flatMap((key) => [
          ['incr', key],
          ['expire', key, windowSeconds, 'NX'],
          ['ttl', key],
        ]),
      );
      const [ofAccount = 0, , accountTtl = 0, ofAddress = 0, , addressTtl = 0] = replies.map(Number);
      if (perAccount > 0 && ofAccount > perAccount) return tooMany(accountTtl);
      if (perAddress > 0 && ofAddress > perAddress) return tooMany(addressTtl);
      return undefined;
    },
    async succeeded(email, address) {
      const [account, ofAddress] = keysOf(email, address);
      await run([['eval', forgive, 2, account, ofAddress]]);
    },
  };
}

const tooMany = (retryAfterSeconds: number): Refused<'too_many_attempts'> =>
  refused('too_many_attempts', undefined, { retryAfterSeconds });
