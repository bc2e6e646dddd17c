import { accepted } from '@homeroom/chassis';
import type { CoopTransaction, Database } from '@homeroom/postgres';
import { pause } from '@homeroom/resilience';
import { meetingOf } from '../classes/class.ts';
import { lockClass } from '../classes/store.ts';
import { errors } from '../errors.ts';
import { freeSeat } from '../seats/free-seat.ts';
import { lockEnrollment, record } from '../seats/store.ts';
import type { Terms } from '../seats/terms.ts';
import { advance, findDueJob, lockClassJob, postponeClassJob, readPage, type ClassJob, type DueJob } from './store.ts';

export type ClassJobEvent =
  | { readonly type: 'page'; readonly kind: ClassJob['kind']; readonly enrollments: number; readonly ended: boolean }
  /** The job is due again later; what it has done stays done. */
  | { readonly type: 'failed'; readonly error: unknown };

interface ClassJobDeps {
  readonly db: Database;
  readonly terms: Terms;
}

export interface ClassJobOptions extends ClassJobDeps {
  readonly pollMs: number;
  readonly onEvent: (event: ClassJobEvent) => void;
}

/** Enrollments per transaction: each costs about ten statements, and all of them hold the class's lock. */
const pageSize = 25;

const failedDelayMs = 10_000;

/** Carries out what changes of classes of all co-ops leave to do, until `signal` aborts. Any number may run at once. */
export async function carryOutJobs(options: ClassJobOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const worked = await tryNextPage(options);
    if (!worked) await pause(options.pollMs, signal);
  }
}

/** @returns false when nothing is due, or the database is unavailable. */
async function tryNextPage({ onEvent, ...deps }: ClassJobOptions): Promise<boolean> {
  let due: DueJob | undefined;
  try {
    due = await findDueJob(deps.db);
    if (due === undefined) return false;
    const page = await doPage(deps, due);
    if (page !== undefined) onEvent({ type: 'page', ...page });
    return true;
  } catch (error) {
    onEvent({ type: 'failed', error });
    if (due !== undefined) {
      await postponeClassJob(deps.db.ofCoop(due.coopId), due.id, failedDelayMs).catch(() => undefined);
    }
    return false;
  }
}

/** One page in one transaction, with the cursor that says so. @returns undefined when another worker has ended the job. */
async function doPage(
  { db, terms }: ClassJobDeps,
  { coopId, id, classId }: DueJob,
): Promise<Omit<Extract<ClassJobEvent, { type: 'page' }>, 'type'> | undefined> {
  return db.ofCoop(coopId).transaction(async (trx) => {
    await lockClass(trx, classId);
    const job = await lockClassJob(trx, id);
    if (job === undefined) return undefined;
    const page = await readPage(trx, job, pageSize);
    const at = new Date();
    for (const enrollmentId of page) {
      if (job.kind === 'reschedule') await reschedule(trx, enrollmentId, job, at);
      else accepted(errors, await freeSeat(trx, { enrollmentId, classId, reason: 'by_coordinator', at, terms }));
    }
    const ended = page.length < pageSize;
    await advance(trx, job, ended ? undefined : page.at(-1));
    return { kind: job.kind, enrollments: page.length, ended };
  });
}

/** The enrollment keeps its state; its event notifies the family and raises the version of its calendar entry. */
async function reschedule(
  trx: CoopTransaction,
  enrollmentId: string,
  { before, after }: Extract<ClassJob, { kind: 'reschedule' }>,
  at: Date,
): Promise<void> {
  const enrollment = await lockEnrollment(trx, enrollmentId);
  if (enrollment === undefined || enrollment.status === 'cancelled') return;
  const { status } = enrollment;
  await record(trx, enrollment, [{ type: 'rescheduled', status, before: meetingOf(before) }], at, after);
}
