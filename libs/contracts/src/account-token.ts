import { createHmac } from 'node:crypto';

/**
 * The single-use token of a mail: `<tokenId>.<HMAC-SHA-256 of it, base64url>`. Events, outbox and dead letters carry the id
 * alone, so no copy of them opens an account; the database of accounts keeps only a hash of the token.
 * @param tokenId a UUID that is random enough not to be met twice.
 * @param secret ACCOUNT_TOKEN_SECRET, at least 16 characters, the same for who publishes and who mails.
 */
export const accountToken = (tokenId: string, secret: string): string =>
  `${tokenId}.${createHmac('sha256', secret).update(tokenId).digest('base64url')}`;
