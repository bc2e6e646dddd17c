import type { Mail } from './mail.ts';

/** A mail in hand: until its lease ends no other worker has it. */
export interface ClaimedMail {
  readonly id: string;
  readonly kind: string;
  /** This attempt included. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly traceparent: string | null;
  /** @throws {UnusableAddressError} */
  compose(): Mail;
  /** @returns false when the lease had run out and another attempt has taken over. */
  markSent(): Promise<boolean>;
  /** @param retryAfterMs undefined: there will be no further attempt. */
  markFailed(outcome: { reason: string; retryAfterMs: number | undefined }): Promise<void>;
}

/** Where mails wait to be sent. */
export interface MailQueue {
  claim(options: { limit: number; leaseMs: number }): Promise<ClaimedMail[]>;
}
