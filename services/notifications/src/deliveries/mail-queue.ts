import type { Database } from '@homeroom/postgres';
import type { Mail } from './mail.ts';

/** A mail that this worker has claimed: until its lease ends no other worker takes it. */
export interface DueMail {
  readonly coopId: string;
  readonly id: string;
  readonly kind: string;
  /** Counts from 1. It identifies the holder: a higher number means that another attempt has taken the mail over. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly traceparent: string | null;
}

export interface Lease {
  readonly limit: number;
  readonly leaseMs: number;
}

export interface Failure {
  readonly reason: string;
  /** Undefined: there will be no further attempt. */
  readonly retryAfterMs: number | undefined;
}

export interface MailQueue<M extends DueMail = DueMail> {
  /** Of all co-ops. */
  claim(lease: Lease): Promise<M[]>;
  /** @throws {UnusableAddressError | CoopNotKnownError} */
  compose(mail: M): Mail;
  /** @returns false when the lease had run out and another attempt has taken over: the mail may then arrive twice. */
  markSent(mail: M): Promise<boolean>;
  markFailed(mail: M, failure: Failure): Promise<void>;
}

/** SQL: takes a mail until $2 milliseconds from now. Mails of a worker that died become due again by the clock. */
export const takeLease = `attempts = m.attempts + 1, due_at = now() + $2::double precision * interval '1 millisecond'`;

/** How an attempt ends, in any of the tables that hold mails. */
export function marksOf(
  database: Database,
  { table, key }: { table: 'deliveries' | 'account_mails' | 'coordinator_mails'; key: string },
): Pick<MailQueue, 'markSent' | 'markFailed'> {
  return {
    async markSent({ coopId, id, attempts }) {
      const { rowCount } = await database.ofCoop(coopId).query({
        name: `mark_${table}_sent`,
        text: `update ${table} set status = 'sent', sent_at = now(), last_error = null
          where coop_id = $3 and ${key} = $1 and status = 'due' and attempts = $2`,
        values: [id, attempts, coopId],
      });
      return rowCount === 1;
    },
    async markFailed({ coopId, id, attempts }, { reason, retryAfterMs }) {
      await database.ofCoop(coopId).query({
        name: `mark_${table}_failed`,
        text: `update ${table} set
            last_error = $3,
            status = case when $4::double precision is null then 'failed' else status end,
            due_at = now() + coalesce($4, 0) * interval '1 millisecond'
          where coop_id = $5 and ${key} = $1 and status = 'due' and attempts = $2`,
        values: [id, attempts, reason, retryAfterMs, coopId],
      });
    },
  };
}
