import { z } from 'zod';
import { mailKinds } from '../notifications/kinds.ts';

const kindSwitches = Object.fromEntries(mailKinds.map((kind) => [kind, z.boolean()])) as Record<
  (typeof mailKinds)[number],
  z.ZodBoolean
>;

export const preferencesBody = z.object({
  email: z.object({ enabled: z.boolean(), kinds: z.object(kindSwitches) }),
  /** Secret: whoever has it reads the calendar. */
  calendarUrl: z.url(),
});

export const preferencesPatch = z.strictObject({
  email: z
    .strictObject({ enabled: z.boolean().optional(), kinds: z.strictObject(kindSwitches).partial().optional() })
    .optional(),
  /** A new address for the calendar; the old one stops working at once. */
  rotateCalendar: z.literal(true).optional(),
});
