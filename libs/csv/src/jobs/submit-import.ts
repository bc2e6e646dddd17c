import { refused, type Refused } from '@homeroom/chassis';
import type { CoopQueryable } from '@homeroom/postgres';
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, JobOptions } from './job.ts';
import type { Sealing } from './sealing.ts';
import { insertJob } from './store.ts';

export interface ImportRequest {
  /** The account that asks: its keys are its own. */
  readonly accountId: string;
  readonly idempotencyKey: string | undefined;
  readonly file: Buffer;
  readonly options: JobOptions;
}

/** Of all accounts of a co-op, so that no co-op fills the queue of another. A file waits in the database, up to 8 MiB each. */
const maxWaiting = 50;

/**
 * Queues an import. The second time for an `Idempotency-Key`, or for a file that its account still waits for, there is no
 * second job: the first one is returned.
 */
export async function submitImport<Report>(
  { db, sealing }: { db: CoopQueryable; sealing: Sealing },
  { accountId, idempotencyKey, file, options }: ImportRequest,
): Promise<Job<Report> | Refused<'too_many_imports'>> {
  const requestHash = createHash('sha256').update(JSON.stringify(options)).update(file).digest('base64url');
  const job = {
    id: randomUUID(),
    requestedBy: accountId,
    idempotencyKey,
    requestHash,
    options,
    file: sealing.seal(file),
  };
  for (let attempt = 1; ; attempt++) {
    const outcome = await insertJob<Report>(db, job, { maxWaiting });
    if (outcome.kind === 'full') {
      return refused('too_many_imports', 'Many files are being imported. Send this one again in a minute.');
    }
    if (outcome.kind === 'job') {
      return outcome.requestHash === requestHash ? outcome.job : refused('idempotency_key_reused');
    }
    if (attempt === 10) throw new Error('an equal import is neither there nor absent');
    await sleep(attempt * 5);
  }
}
