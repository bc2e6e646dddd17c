import type { CoopQueryable, CoopTransaction, Queryable } from '@homeroom/postgres';
import type { Job, JobOptions } from './job.ts';

/** A job as its clients see it, from `import_jobs j`. Its report is a column of its own: it may be long. */
const jobJson = `json_strip_nulls(json_build_object(
  'id', j.import_id,
  'status', j.status,
  'preview', (j.options->>'preview')::boolean,
  'progress', json_build_object('rows', j.rows_done, 'of', j.rows_total),
  'createdAt', j.created_at,
  'startedAt', j.started_at,
  'finishedAt', j.finished_at,
  'problem', j.problem))`;

interface JobRow<Report> {
  readonly job: Omit<Job<Report>, 'report'>;
  readonly report: Report | null;
}

/** JSON that Postgres stores: cells that were rejected for what it cannot store are quoted in reports. */
const storable = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'string' ? part.toWellFormed().replaceAll('\0', '\ufffd') : part,
  );

const jobOfRow = <Report>({ job, report }: JobRow<Report>): Job<Report> => (report === null ? job : { ...job, report });

export interface NewJob {
  readonly id: string;
  /** The account that asks. */
  readonly requestedBy: string;
  readonly idempotencyKey: string | undefined;
  /** Equal for equal files and options. */
  readonly requestHash: string;
  readonly options: JobOptions;
  readonly file: Buffer;
}

/**
 * Adds a job, unless its account has one with this key, has sent the same file and still waits for it, or `maxWaiting` jobs
 * wait. One statement, so that a file crosses the network once.
 * @returns the job and what it was asked with; or `contended`: an equal request was committed at the same moment.
 */
export async function insertJob<Report>(
  db: CoopQueryable,
  { id, requestedBy, idempotencyKey, requestHash, options, file }: NewJob,
  { maxWaiting }: { maxWaiting: number },
): Promise<{ kind: 'job'; job: Job<Report>; requestHash: string } | { kind: 'full' | 'contended' }> {
  const { rows } = await db.query<JobRow<Report> & { hash: string | null; isFull: boolean }>({
    name: 'import_job_insert',
    text: `with same as (
        select * from import_jobs
        where coop_id = $8 and requested_by = $2 and (idempotency_key = $3
          or ($3::text is null and request_hash = $4 and status in ('queued', 'running')))
        limit 1
      ), waiting as (
        select count(*) as jobs from import_jobs where coop_id = $8 and status in ('queued', 'running')
      ), inserted as (
        insert into import_jobs (coop_id, import_id, requested_by, idempotency_key, request_hash, options, file)
        select $8::uuid, $1::uuid, $2::text, $3::text, $4::text, $5::jsonb, $6::bytea from waiting
        where jobs < $7 and not exists (select from same)
        on conflict do nothing
        returning *
      ), found as (
        select * from inserted union all select * from same
      )
      select ${jobJson} as job, j.result as report, j.request_hash as hash, waiting.jobs >= $7 as "isFull"
      from waiting left join found j on true`,
    values: [id, requestedBy, idempotencyKey ?? null, requestHash, storable(options), file, maxWaiting, db.coopId],
  });
  const [row] = rows;
  if (row !== undefined && row.hash !== null) return { kind: 'job', job: jobOfRow(row), requestHash: row.hash };
  return { kind: row?.isFull === true ? 'full' : 'contended' };
}

/** @typeParam Report what the service's imports report. */
export async function findJob<Report>(db: CoopQueryable, id: string): Promise<Job<Report> | undefined> {
  const { rows } = await db.query<JobRow<Report>>({
    name: 'import_job_find',
    text: `select ${jobJson} as job, j.result as report from import_jobs j
      where j.coop_id = $2 and j.import_id = $1`,
    values: [id, db.coopId],
  });
  return rows[0] && jobOfRow(rows[0]);
}

/** A job that this worker has claimed. Its attempt is a fencing token: a worker with an older one writes nothing. */
export interface Claim {
  readonly id: string;
  readonly coopId: string;
  readonly attempt: number;
  readonly options: JobOptions;
  readonly file: Buffer;
}

/** Claims, of all co-ops, the job that has waited longest, or whose worker has not renewed its lease. */
export async function claimJob(db: Queryable, { leaseMs }: { leaseMs: number }): Promise<Claim | undefined> {
  const { rows } = await db.query<Claim>({
    name: 'import_job_claim',
    text: `with /* every co-op */ due as materialized (
        select coop_id, import_id from import_jobs
        where status = 'queued' or (status = 'running' and lease_until < now())
        order by created_at limit 1 for update skip locked
      )
      update import_jobs j set status = 'running', attempts = j.attempts + 1, started_at = coalesce(j.started_at, now()),
        lease_until = now() + $1 * interval '1 millisecond'
      from due where j.coop_id = due.coop_id and j.import_id = due.import_id
      returning j.import_id as id, j.coop_id as "coopId", j.attempts as attempt, j.options, j.file`,
    values: [leaseMs],
  });
  return rows[0];
}

/** @returns false when another worker has the job. */
export async function renewLease(
  db: CoopQueryable,
  { id, attempt }: Pick<Claim, 'id' | 'attempt'>,
  { leaseMs }: { leaseMs: number },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'import_job_renew',
    text: `update import_jobs set lease_until = now() + $3 * interval '1 millisecond'
      where coop_id = $4 and import_id = $1 and attempts = $2 and status = 'running'`,
    values: [id, attempt, leaseMs, db.coopId],
  });
  return rowCount === 1;
}

/** Records how far a job is. @returns false when another worker has the job. */
export async function saveProgress(
  db: CoopQueryable,
  { id, attempt }: Pick<Claim, 'id' | 'attempt'>,
  { rows, of }: { rows: number; of: number },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'import_job_progress',
    text: `update import_jobs set rows_done = $3, rows_total = $4
      where coop_id = $5 and import_id = $1 and attempts = $2 and status = 'running'`,
    values: [id, attempt, rows, of, db.coopId],
  });
  return rowCount === 1;
}

/** Records a batch and what became of its rows, with its effects. @returns false when another worker has the job. */
export async function insertBatch(
  trx: CoopTransaction,
  { id, attempt }: Pick<Claim, 'id' | 'attempt'>,
  { batch, outcome, rows, of }: { batch: number; outcome: unknown; rows: number; of: number },
): Promise<boolean> {
  const { rowCount } = await trx.query({
    name: 'import_batch_insert',
    text: `with job as (
        update import_jobs set rows_done = $5, rows_total = $6
        where coop_id = $7 and import_id = $1 and attempts = $2 and status = 'running' returning coop_id, import_id
      )
      insert into import_batches (coop_id, import_id, batch, outcome) select coop_id, import_id, $3, $4::json from job`,
    values: [id, attempt, batch, storable(outcome), rows, of, trx.coopId],
  });
  return rowCount === 1;
}

/** What became of the batches that are written, by number. */
export async function readBatches(db: CoopQueryable, id: string): Promise<Map<number, unknown>> {
  const { rows } = await db.query<{ batch: number; outcome: unknown }>({
    name: 'import_batches_read',
    text: 'select batch, outcome from import_batches where coop_id = $2 and import_id = $1',
    values: [id, db.coopId],
  });
  return new Map(rows.map(({ batch, outcome }) => [batch, outcome]));
}

/** Ends a job: its file and its batches are deleted. @returns false when another worker has the job. */
export async function finishJob(
  db: CoopQueryable,
  { id, attempt }: Pick<Claim, 'id' | 'attempt'>,
  end: { status: 'done'; report: unknown } | { status: 'failed'; problem: unknown },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'import_job_finish',
    text: `with job as (
        update import_jobs set status = $3, result = $4::json, problem = $5::jsonb, file = null, lease_until = null,
          finished_at = now()
        where coop_id = $6 and import_id = $1 and attempts = $2 and status = 'running' returning coop_id, import_id
      ), written as (
        delete from import_batches b using job where b.coop_id = job.coop_id and b.import_id = job.import_id
      )
      select from job`,
    values: [
      id,
      attempt,
      end.status,
      end.status === 'done' ? storable(end.report) : null,
      end.status === 'failed' ? storable(end.problem) : null,
      db.coopId,
    ],
  });
  return rowCount === 1;
}

/** Lets a claimed job be claimed again in `delayMs`. */
export async function releaseJob(
  db: CoopQueryable,
  { id, attempt }: Pick<Claim, 'id' | 'attempt'>,
  { delayMs }: { delayMs: number },
): Promise<void> {
  await db.query({
    name: 'import_job_release',
    text: `update import_jobs set lease_until = now() + $3 * interval '1 millisecond'
      where coop_id = $4 and import_id = $1 and attempts = $2 and status = 'running'`,
    values: [id, attempt, delayMs, db.coopId],
  });
}

/** Deletes jobs that ended, or that no worker has claimed, `days` ago, of every co-op. @returns how many. */
export async function purgeImports(db: Queryable, { days = 7, limit = 1_000 } = {}): Promise<number> {
  const { rowCount } = await db.query({
    name: 'purge_import_jobs',
    text: `delete /* every co-op */ from import_jobs where (coop_id, import_id) in (
        select coop_id, import_id from import_jobs
        where coalesce(finished_at, lease_until, created_at) < now() - make_interval(days => $1)
        limit $2)`,
    values: [days, limit],
  });
  return rowCount;
}
