import { accountToken, type EventData, type EventType, type NewEvent } from '@homeroom/contracts';
import { createHash, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

export type TokenPurpose = 'verify_email' | 'reset_password';

const lifetimeMs = 30 * 60_000;

const requested = {
  verify_email: 'homeroom.account.verification-requested.v1',
  reset_password: 'homeroom.account.password-reset-requested.v1',
} as const;

interface AccountRef {
  readonly accountId: string;
  readonly email: string;
}

/** A token to be stored, and the event that asks for its mail. */
export interface IssuedToken {
  readonly hash: Buffer;
  readonly purpose: TokenPurpose;
  readonly expiresAt: Date;
  readonly event: NewEvent;
}

/** Issues a single-use token for half an hour. The mailer derives the same token from the event and the secret. */
export function issueToken(purpose: TokenPurpose, { accountId, email }: AccountRef, secret: string): IssuedToken {
  // random in every bit: most of a UUIDv7 can be guessed from its time
  const tokenId = randomUUID();
  const expiresAt = new Date(Date.now() + lifetimeMs);
  const data = { accountId, email, tokenId, expiresAt: expiresAt.toISOString() };
  return {
    hash: tokenHash(accountToken(tokenId, secret)),
    purpose,
    expiresAt,
    event: accountEvent(requested[purpose], data),
  };
}

/** What a token is stored as. */
export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

/** An event about an account. */
export const accountEvent = <Type extends Extract<EventType, `homeroom.account.${string}`>>(
  type: Type,
  data: EventData<Type>,
): NewEvent =>
  // TypeScript does not follow that the data is that of this very type
  ({ id: uuidv7(), type, source: '/families', subject: data.accountId, time: new Date(), data }) as NewEvent;
