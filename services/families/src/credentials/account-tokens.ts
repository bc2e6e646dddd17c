import { accountToken, type DomainEvent } from '@homeroom/contracts';
import { createHash, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

export type TokenPurpose = 'verify_email' | 'reset_password';

const lifetimeMs = 30 * 60_000;

const requested = {
  verify_email: 'homeroom.account.verification-requested.v1',
  reset_password: 'homeroom.account.password-reset-requested.v1',
} as const;

/** A token to be stored, and the event that asks for its mail. */
export interface IssuedToken {
  readonly hash: Buffer;
  readonly purpose: TokenPurpose;
  readonly expiresAt: Date;
  readonly event: DomainEvent;
}

/** Issues a single-use token for half an hour. The mailer derives the same token from the event and the secret. */
export function issueToken(
  purpose: TokenPurpose,
  account: { readonly accountId: string; readonly email: string },
  secret: string,
): IssuedToken {
  // random in every bit: a UUIDv7 would tell most of it by its time
  const tokenId = randomUUID();
  const expiresAt = new Date(Date.now() + lifetimeMs);
  const data = { accountId: account.accountId, email: account.email, tokenId, expiresAt: expiresAt.toISOString() };
  return {
    hash: tokenHash(accountToken(tokenId, secret)),
    purpose,
    expiresAt,
    event: { ...accountEnvelope(account.accountId), type: requested[purpose], data },
  };
}

/** What a token is stored as. */
export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

export const passwordChanged = (account: { readonly accountId: string; readonly email: string }): DomainEvent => ({
  ...accountEnvelope(account.accountId),
  type: 'homeroom.account.password-changed.v1',
  data: { accountId: account.accountId, email: account.email },
});

export const signInAttacked = (
  account: { readonly accountId: string; readonly email: string },
  counted: { readonly failures: number; readonly withinMinutes: number },
): DomainEvent => ({
  ...accountEnvelope(account.accountId),
  type: 'homeroom.account.sign-in-attacked.v1',
  data: { accountId: account.accountId, email: account.email, ...counted },
});

export const coordinatorSaved = (account: {
  readonly accountId: string;
  readonly email: string;
  readonly name: string;
}): DomainEvent => ({
  ...accountEnvelope(account.accountId),
  type: 'homeroom.account.coordinator-saved.v1',
  data: { accountId: account.accountId, email: account.email, name: account.name },
});

const accountEnvelope = (accountId: string) => ({
  id: uuidv7(),
  source: '/families',
  subject: accountId,
  time: new Date(),
});
