import { z } from 'zod';

/** What the journey reads of the platform's answers. Loose, because new fields are allowed. */
export const problem = z.looseObject({ code: z.string(), detail: z.string().optional() });

export const family = z.looseObject({
  id: z.string(),
  name: z.string(),
  children: z.array(z.looseObject({ id: z.string(), name: z.string(), birthDate: z.string() })),
});

export const classView = z.looseObject({
  id: z.string(),
  title: z.string(),
  weekday: z.string(),
  startTime: z.string(),
  endTime: z.string(),
  firstDay: z.string(),
  lastDay: z.string(),
  ageMin: z.number(),
  ageMax: z.number(),
  capacity: z.number(),
  seatsLeft: z.number(),
  waitlisted: z.number(),
  priceCents: z.number(),
  currency: z.string(),
});
export type ClassView = z.infer<typeof classView>;

export const canceledClass = z.looseObject({ canceled: z.looseObject({ at: z.string(), reason: z.string() }) });

/** A class as a change of it answers it. */
export const changedClass = classView.extend({ childConflicts: z.array(z.looseObject({ enrollmentId: z.string() })) });

/** The child that was added to a family. */
export const addedChild = z.looseObject({ id: z.string() });

export const status = z.enum(['payment_pending', 'enrolled', 'waitlisted', 'offered', 'cancelled']);

export const enrollment = z.looseObject({
  id: z.string(),
  status,
  version: z.number(),
  amountCents: z.number(),
  refundCents: z.number().optional(),
  class: z.looseObject({ id: z.string(), title: z.string() }),
  child: z.looseObject({ id: z.string(), name: z.string() }),
});
export type Enrollment = z.infer<typeof enrollment>;

export const enrollmentWithHistory = enrollment.extend({
  history: z.array(z.looseObject({ version: z.number(), type: z.string(), classCanceled: z.unknown().optional() })),
});
export type History = z.infer<typeof enrollmentWithHistory>['history'];

export const cancelled = z.looseObject({ status: z.literal('cancelled'), refundCents: z.number() });

export const rosterEntry = z.looseObject({ enrollmentId: z.string(), status });
export type RosterEntry = z.infer<typeof rosterEntry>;

export const notification = z.looseObject({
  id: z.string(),
  kind: z.string(),
  data: z.looseObject({ enrollmentId: z.string().optional(), familyId: z.string().optional() }),
});
export type Notification = z.infer<typeof notification>;

export const importReport = z.looseObject({
  created: z.number(),
  unchanged: z.number(),
  rejected: z.array(z.looseObject({ line: z.number(), reason: z.string() })),
});

export const importJob = z.looseObject({
  id: z.string(),
  report: importReport.optional(),
  problem: z.looseObject({ code: z.string() }).optional(),
});

export const page = <S extends z.ZodType>(item: S) =>
  z.looseObject({ items: z.array(item), nextCursor: z.string().optional() });

export const mail = z.looseObject({
  id: z.string(),
  to: z.array(z.string()),
  subject: z.string(),
  text: z.string(),
  headers: z.record(z.string(), z.string()),
  attachments: z.array(z.looseObject({ contentType: z.string(), content: z.string() })),
});
export type Mail = z.infer<typeof mail>;

export const charge = z.looseObject({
  id: z.string(),
  status: z.enum(['succeeded', 'declined']),
  amountCents: z.number(),
  currency: z.string(),
  reference: z.string(),
});
export type Charge = z.infer<typeof charge>;

export const refund = z.looseObject({
  id: z.string(),
  chargeId: z.string(),
  amountCents: z.number(),
  reference: z.string(),
});
export type Refund = z.infer<typeof refund>;
