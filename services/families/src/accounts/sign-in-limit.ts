import type { Redis } from '@homeroom/redis';
import { createHash } from 'node:crypto';
import { errors } from '../errors.ts';

const windowSeconds = 900;

// a bare DECR would bring back a counter that has just expired, without an end
const forgive = `redis.call('DEL', KEYS[1]) if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('DECR', KEYS[2]) end`;

export interface SignInLimit {
  /** Counts an attempt before its password is looked at. @throws {Problem} `too_many_attempts`, `sessions_unavailable` */
  attempt(email: string, address: string): Promise<void>;
  /** It was the right password: it was no attempt at guessing. */
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
      throw Object.assign(errors.problem('sessions_unavailable'), { cause: error });
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
      if (perAccount > 0 && ofAccount > perAccount) throw tooMany(accountTtl);
      if (perAddress > 0 && ofAddress > perAddress) throw tooMany(addressTtl);
    },
    async succeeded(email, address) {
      const [account, ofAddress] = keysOf(email, address);
      await run([['eval', forgive, 2, account, ofAddress]]);
    },
  };
}

const tooMany = (retryAfterSeconds: number): Error =>
  errors.problem('too_many_attempts', undefined, { retryAfterSeconds });

/** An IPv4 address, or the /64 that an IPv6 address is one of 2^64 of: its owner has them all. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  // IPv4 in IPv6's clothes, ::ffff:192.0.2.1
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const groups = (text = ''): string[] => text.split(':').filter((group) => group !== '');
  const [head, tail] = address.split('::');
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const network = [...before, ...zeros, ...after].slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
