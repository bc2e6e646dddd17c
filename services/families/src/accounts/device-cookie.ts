import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AccountKey } from '../credentials/account-key.ts';

const yearSeconds = 31_536_000;

/**
 * Cookies of devices that have signed in to an account before (OWASP's device cookie). They sign no one in. All have one size
 * and no personal data: 128 random bits and their HMAC with the account's co-op and address, so that the cookie of one account
 * is useless for another.
 * @param secure whether PUBLIC_ORIGIN is https, as for sessions.
 */
export function openDeviceCookies({ secret, secure }: { secret: string; secure: boolean }) {
  const name = secure ? '__Host-homeroom-device' : 'homeroom-device';
  const sign = (device: string, { coopId, email }: AccountKey): Buffer =>
    createHmac('sha256', secret).update(`device\0${device}\0${coopId}\0${email}`).digest();
  /** The device's name, when it has a cookie for this account. */
  const deviceOf = (request: FastifyRequest, account: AccountKey): string | undefined => {
    const header = request.headers.cookie;
    const given = header === undefined ? undefined : request.server.parseCookie(header)[name];
    const [, device, mac] = /^([\w-]{22})\.([\w-]{43})$/.exec(given ?? '') ?? [];
    if (device === undefined || mac === undefined) return undefined;
    return timingSafeEqual(Buffer.from(mac, 'base64url'), sign(device, account)) ? device : undefined;
  };
  return {
    deviceOf,
    /** Gives the device a cookie for this account, unless it has one. */
    remember(request: FastifyRequest, reply: FastifyReply, account: AccountKey): void {
      if (deviceOf(request, account) !== undefined) return;
      const device = randomBytes(16).toString('base64url');
      const value = `${device}.${sign(device, account).toString('base64url')}`;
      reply.setCookie(name, value, { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge: yearSeconds });
    },
  };
}
