import { z } from 'zod';

export const place = { line: z.int(), field: z.string().optional(), value: z.string().optional() };
export const rejected = z.object({ ...place, reason: z.string() });

/** A row that was not imported: its line, the column (`field`) and the cell (`value`) when one is to blame, and why. */
export type Rejected = Readonly<z.infer<typeof rejected>>;

const maxValueLength = 60;

export const rejectedRow = (line: number, field: string, reason: string, value: string | undefined): Rejected => ({
  line,
  field,
  reason,
  ...(value === undefined ? {} : { value: Array.from(value).slice(0, maxValueLength).join('') }),
});
