import { isRefused, type Refused } from '@homeroom/chassis';
import { isUnavailable, type CoopDatabase, type CoopTransaction, type Database } from '@homeroom/postgres';
import { joinSignals, pause } from '@homeroom/resilience';
import type { ImportFile } from '../read-rows.ts';
import type { ImportReport } from '../report.ts';
import type { Sealing } from './sealing.ts';
import {
  claimJob,
  finishJob,
  insertBatch,
  readBatches,
  releaseJob,
  renewLease,
  saveProgress,
  type Claim,
} from './store.ts';

export type ImportEvent =
  | { readonly type: 'finished'; readonly status: 'done' | 'failed'; readonly importId: string; readonly ms: number }
  /** Another worker has the job: this one was too slow to renew its lease. */
  | { readonly type: 'lost'; readonly importId: string }
  /** The job is claimed again later: the database is unavailable, or this process ends. */
  | { readonly type: 'postponed'; readonly importId: string; readonly error: unknown }
  /** A fault of ours: the job has failed. */
  | { readonly type: 'broken'; readonly importId: string; readonly error: unknown }
  /** Claiming failed; the next poll tries again. */
  | { readonly type: 'unavailable'; readonly error: unknown };

/** How an importer works through its file so that a killed worker's job goes on in another. */
export interface ImportRun {
  /** Aborts when the lease is lost or the process ends. */
  readonly signal: AbortSignal;
  /** What became of the batches that an earlier worker has written, by number. */
  readonly written: ReadonlyMap<number, unknown>;
  /**
   * Records a batch in the transaction that writes its rows: both are there, or neither.
   * @throws when another worker has the job: the transaction must roll back.
   */
  saveBatch(trx: CoopTransaction, batch: number, outcome: unknown, progress: Progress): Promise<void>;
  /** For work without batches, such as a preview. */
  saveProgress(progress: Progress): Promise<void>;
}

interface Progress {
  readonly rows: number;
  /** All good rows of the file. */
  readonly of: number;
}

class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** For an import that is no job, such as a command's: it begins again when it is run again. */
export const unrecordedRun: ImportRun = {
  signal: new AbortController().signal,
  written: new Map(),
  saveBatch: () => Promise.resolve(),
  saveProgress: () => Promise.resolve(),
};

export interface ImportsOptions {
  readonly db: Database;
  readonly sealing: Sealing;
  /** How long a claim protects a job from other workers. It is renewed three times in this time. */
  readonly leaseMs: number;
  readonly pollMs: number;
  /** @param db of the co-op whose file it is. */
  readonly importFile: (db: CoopDatabase, file: ImportFile, run: ImportRun) => Promise<ImportReport | Refused>;
  /** The sentence of a refusal's code. */
  readonly titleOf: (code: string) => string;
  readonly onEvent: (event: ImportEvent) => void;
}

/** A job that was claimed this often ends its workers: it is not tried again. */
const maxAttempts = 10;

/** Imports one file after the other, until `signal` aborts. Any number of workers may run at once. */
export async function runImports(options: ImportsOptions, signal: AbortSignal): Promise<void> {
  const { pollMs, onEvent } = options;
  while (!signal.aborted) {
    let worked = false;
    try {
      worked = await runNextImport(options, signal);
    } catch (error) {
      onEvent({ type: 'unavailable', error });
    }
    if (!worked) await pause(pollMs, signal);
  }
}

/** Imports the file that has waited longest, of any co-op. @returns false when none waits. */
export async function runNextImport(options: ImportsOptions, signal: AbortSignal): Promise<boolean> {
  const claim = await claimJob(options.db, options);
  if (claim === undefined) return false;
  const db = options.db.ofCoop(claim.coopId);
  const lost = new AbortController();
  using either = joinSignals(signal, lost.signal);
  const done = new AbortController();
  const renewing = renew(db, claim, { leaseMs: options.leaseMs, lost, done: done.signal });
  try {
    await work(db, claim, options, either.signal);
  } finally {
    done.abort();
    await renewing;
  }
  return true;
}

/** Renews the lease until `done`; an unavailable database is no loss before the lease has expired. */
async function renew(
  db: CoopDatabase,
  claim: Claim,
  { leaseMs, lost, done }: { leaseMs: number; lost: AbortController; done: AbortSignal },
): Promise<void> {
  let heldUntil = performance.now() + leaseMs;
  for (;;) {
    await pause(leaseMs / 3, done);
    if (done.aborted) return;
    const asked = performance.now();
    const held = await renewLease(db, claim, { leaseMs }).catch(() => undefined);
    if (held === true) heldUntil = asked + leaseMs;
    if (held === false || performance.now() > heldUntil) {
      lost.abort(new LeaseLost());
      return;
    }
  }
}

async function work(
  db: CoopDatabase,
  claim: Claim,
  { sealing, importFile, titleOf, onEvent }: ImportsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { id: importId } = claim;
  const began = performance.now();
  const finish = async (end: Parameters<typeof finishJob>[2]): Promise<void> => {
    if (!(await finishJob(db, claim, end))) throw new LeaseLost();
    onEvent({ type: 'finished', status: end.status, importId, ms: performance.now() - began });
  };
  const fail = (code: string, detail?: string): Promise<void> =>
    finish({ status: 'failed', problem: { code, title: titleOf(code), detail } });
  try {
    if (claim.attempt > maxAttempts) {
      await fail('import_failed', 'The file could not be imported. Split it, and send the parts.');
      return;
    }
    const outcome = await importClaimed(db, claim, { sealing, importFile }, signal);
    if (isRefused(outcome)) await fail(outcome.code, outcome.detail);
    else await finish({ status: 'done', report: outcome });
  } catch (error) {
    if (error instanceof LeaseLost || signal.reason instanceof LeaseLost) {
      onEvent({ type: 'lost', importId });
    } else if (signal.aborted || isUnavailable(error)) {
      onEvent({ type: 'postponed', importId, error });
      await releaseJob(db, claim, { delayMs: signal.aborted ? 0 : 1_000 }).catch(() => undefined);
    } else {
      onEvent({ type: 'broken', importId, error });
      await fail('import_failed', 'Rows before the fault may have been imported. Send the file again later.').catch(
        (cause: unknown) => onEvent({ type: 'unavailable', error: cause }),
      );
    }
  }
}

async function importClaimed(
  db: CoopDatabase,
  claim: Claim,
  { sealing, importFile }: Pick<ImportsOptions, 'sealing' | 'importFile'>,
  signal: AbortSignal,
): Promise<ImportReport | Refused> {
  const held = (isHeld: boolean): void => {
    if (!isHeld) throw new LeaseLost();
  };
  const file = { ...claim.options, bytes: sealing.open(claim.file) };
  return importFile(db, file, {
    signal,
    written: await readBatches(db, claim.id),
    saveBatch: async (trx, batch, outcome, progress) =>
      held(await insertBatch(trx, claim, { batch, outcome, ...progress })),
    saveProgress: async (progress) => held(await saveProgress(db, claim, progress)),
  });
}
