import type { CoopQueryable, CoopTransaction, Queryable } from '@homeroom/postgres';
import type { ClassView } from '../classes/schemas.ts';

/** What a change of a class leaves to do for each of its enrollments. */
export type NewClassJob =
  { readonly kind: 'cancel' } | { readonly kind: 'reschedule'; readonly before: ClassView; readonly after: ClassView };

export type ClassJob = NewClassJob & {
  readonly id: number;
  readonly classId: string;
  /** The last enrollment that is done, and the last one that the change concerns. */
  readonly afterEnrollment: string;
  readonly untilEnrollment: string;
};

/** Adds a job for the enrollments that the class has now. The class must be locked. */
export async function addClassJob(
  trx: CoopTransaction,
  classId: string,
  { kind, ...details }: NewClassJob,
): Promise<void> {
  await trx.query({
    name: 'class_job_add',
    text: `insert into class_jobs (coop_id, class_id, kind, details, until_enrollment_id)
      select coop_id, class_id, $3, $4, enrollment_id from enrollments
      where coop_id = $1 and class_id = $2 order by enrollment_id desc limit 1`,
    values: [trx.coopId, classId, kind, JSON.stringify(details)],
  });
}

/** Deletes the jobs of a class whose cancellation makes them pointless. The class must be locked. */
export async function deleteClassJobs(trx: CoopTransaction, classId: string): Promise<void> {
  await trx.query({
    name: 'class_jobs_delete',
    text: 'delete from class_jobs where coop_id = $1 and class_id = $2',
    values: [trx.coopId, classId],
  });
}

/** A job whose class is still to be locked. */
export interface DueJob extends Pick<ClassJob, 'id' | 'classId'> {
  readonly coopId: string;
}

/**
 * Of all co-ops, the job that is due for longest; of one class the earliest first. Found without locks: the class is locked
 * before it.
 */
export async function findDueJob(db: Queryable): Promise<DueJob | undefined> {
  const { rows } = await db.query<DueJob>({
    name: 'class_job_due',
    text: `select /* every co-op */ class_job_id as id, coop_id as "coopId", class_id as "classId" from class_jobs j
      where due_at <= now()
        and not exists (
          select from class_jobs e
          where e.coop_id = j.coop_id and e.class_id = j.class_id and e.class_job_id < j.class_job_id
        )
      order by due_at, class_job_id limit 1`,
  });
  return rows[0];
}

/** Locks a job until the transaction ends. @returns undefined when another worker has finished it. */
export async function lockClassJob(trx: CoopTransaction, id: number): Promise<ClassJob | undefined> {
  const { rows } = await trx.query<{ job: ClassJob }>({
    name: 'class_job_lock',
    text: `select details || jsonb_build_object('id', class_job_id, 'classId', class_id, 'kind', kind,
        'afterEnrollment', after_enrollment_id, 'untilEnrollment', until_enrollment_id) as job
      from class_jobs where coop_id = $1 and class_job_id = $2 for update`,
    values: [trx.coopId, id],
  });
  return rows[0]?.job;
}

/** The next active enrollments of a job, in order. */
export async function readPage(trx: CoopTransaction, job: ClassJob, limit: number): Promise<string[]> {
  const { rows } = await trx.query<{ id: string }>({
    name: 'class_job_page',
    text: `select enrollment_id as id from enrollments
      where coop_id = $1 and class_id = $2 and enrollment_id > $3 and enrollment_id <= $4 and status <> 'cancelled'
      order by enrollment_id limit $5`,
    values: [trx.coopId, job.classId, job.afterEnrollment, job.untilEnrollment, limit],
  });
  return rows.map(({ id }) => id);
}

/** Moves the cursor of a job to the last enrollment that is done, or ends it when no more are left. */
export async function advance(
  trx: CoopTransaction,
  { id }: Pick<ClassJob, 'id'>,
  done: string | undefined,
): Promise<void> {
  await trx.query(
    done === undefined
      ? {
          name: 'class_job_end',
          text: 'delete from class_jobs where coop_id = $1 and class_job_id = $2',
          values: [trx.coopId, id],
        }
      : {
          name: 'class_job_advance',
          text: 'update class_jobs set after_enrollment_id = $3 where coop_id = $1 and class_job_id = $2',
          values: [trx.coopId, id, done],
        },
  );
}

/** Releases a job that has failed until later. */
export async function postponeClassJob(db: CoopQueryable, id: number, delayMs: number): Promise<void> {
  await db.query({
    name: 'class_job_postpone',
    text: `update class_jobs set due_at = now() + $3 * interval '1 millisecond'
      where coop_id = $1 and class_job_id = $2`,
    values: [db.coopId, id, delayMs],
  });
}
