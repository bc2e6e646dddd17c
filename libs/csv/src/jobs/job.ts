import { z } from 'zod';
import { dateOrder } from '../dates.ts';

/** How the sender of a file wants it imported. */
export const jobOptions = z.object({
  preview: z.boolean(),
  dates: dateOrder.optional(),
  charset: z.string().optional(),
});
export type JobOptions = Readonly<z.infer<typeof jobOptions>>;

const at = z.iso.datetime({ offset: true });

/**
 * An import as its job, for the schema of a response.
 * @param report what the service's imports report.
 */
export const jobOf = <Report extends z.ZodType>(report: Report) =>
  z.object({
    id: z.uuid(),
    status: z
      .enum(['queued', 'running', 'done', 'failed'])
      .describe('`done`: see `report`. `failed`: the file was not imported, see `problem`'),
    preview: z.boolean(),
    progress: z
      .object({ rows: z.int(), of: z.int().optional() })
      .describe('Rows imported so far, and all good rows of the file once it has been read'),
    createdAt: at,
    startedAt: at.optional(),
    finishedAt: at.optional(),
    report: report.optional(),
    problem: z.object({ code: z.string(), title: z.string(), detail: z.string().optional() }).optional(),
  });

/** A job as its row has it; the report is passed on as it was stored. */
export type Job<Report> = Readonly<z.infer<ReturnType<typeof jobOf<z.ZodType<Report>>>>>;

export const queryOfImport = z.strictObject({
  preview: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('Report what the file would do, and write nothing'),
  dates: dateOrder
    .optional()
    .describe('Which part comes first in dates such as 9/8/2026. Without it, the dates of the file show it'),
});
