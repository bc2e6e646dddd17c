import { accountToken, type DomainEvent } from '@homeroom/contracts';
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
  readonly event: DomainEvent;
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
    event: { ...accountEnvelope(accountId), type: requested[purpose], data },
  };
}

/** What a token is stored as. */
export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

export const passwordChanged = ({ accountId, email }: AccountRef): DomainEvent => ({
  ...accountEnvelope(accountId),
  type: 'homeroom.account.password-changed.v1',
  data: { accountId, email },
});

export const signInAttacked = (
  { accountId, email }: AccountRef,
  counted: { readonly failures: number; readonly withinMinutes: number },
): DomainEvent => ({
  ...accountEnvelope(accountId),
  type: 'homeroom.account.sign-in-attacked.v1',
  data: { accountId, email, ...counted },
});

export const coordinatorSaved = (coordinator: AccountRef & { readonly name: string }): DomainEvent => ({
  ...accountEnvelope(coordinator.accountId),
  type: 'homeroom.account.coordinator-saved.v1',
  data: coordinator,
});

const accountEnvelope = (accountId: string) => ({
  id: uuidv7(),
  source: '/families',
  subject: accountId,
  time: new Date(),
});
