import { createHmac } from 'node:crypto';

/**
 * The single-use token of a mail: `<tokenId>.<HMAC-SHA-256 of it, base64url>`. Events, outbox and dead letters carry the id
 * alone, so no copy of them opens an account; the database of accounts keeps only a hash of the token.
 * @param secret ACCOUNT_TOKEN_SECRET, the same for the publisher and the mailer.
 */
export const accountToken = (tokenId: string, secret: string): string =>
  `${tokenId}.${createHmac('sha256', secret).update(tokenId).digest('base64url')}`;
