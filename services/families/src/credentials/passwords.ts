import { hash, verify } from '@node-rs/argon2';
import { isRejected, policy } from '@homeroom/resilience';
import { createHmac } from 'node:crypto';
import { errors } from '../errors.ts';

export type Passwords = ReturnType<typeof openPasswords>;

/** OWASP's least for argon2id; 13 ms on a core. The package's default algorithm is argon2id. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Of no password: what unknown accounts are compared with. */
const noAccountHash =
  '$argon2id$v=19$m=19456,t=2,p=1$MDAwMDAwMDAwMDAwMDAwMA$lJlJkLKoYlU2wqzcQ8zBwDKQNCCVxsSZyqCnu5DmYyo';

/**
 * Bounded, because a password costs four orders of magnitude more than any other step of a request: without a bound, a
 * burst of sign-ins takes every core from all other requests. Methods throw the Problem `passwords_busy` when the queue is full.
 */
export function openPasswords({ secret, ...bulkhead }: { secret: string; concurrent: number; queued: number }) {
  const limited = policy({ name: 'passwords', timeoutMs: 10_000, bulkhead });
  const bounded = <T>(work: () => Promise<T>): Promise<T> =>
    limited.execute(work).catch((error: unknown) => {
      throw isRejected(error) ? errors.problem('passwords_busy') : error;
    });
  return {
    hash: (password: string): Promise<string> => bounded(() => hash(password, cost)),
    /** Takes as long for an account that has no password or does not exist: `stored` is null or undefined then. */
    async verify(stored: string | null | undefined, password: string): Promise<boolean> {
      const matches = await bounded(() => verify(stored ?? noAccountHash, password));
      return matches && stored != null;
    },
    /** For comparing requests: without the secret it reveals nothing about the password. */
    fingerprint: (password: string): string => createHmac('sha256', secret).update(password).digest('base64url'),
  };
}
