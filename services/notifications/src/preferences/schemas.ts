import { z } from 'zod';
import { coordinatorKinds, mailKinds } from '../notifications/kinds.ts';

const switchesOf = <K extends string>(kinds: readonly K[]): Record<K, z.ZodBoolean> =>
  Object.fromEntries(kinds.map((kind) => [kind, z.boolean()])) as Record<K, z.ZodBoolean>;

const guardianSwitches = switchesOf(mailKinds);
const coordinatorSwitches = switchesOf(coordinatorKinds);

const guardianPreferences = z.object({
  email: z.object({ enabled: z.boolean(), kinds: z.object(guardianSwitches) }),
  /** Secret: whoever has it reads the calendar. */
  calendarUrl: z.url(),
});
export type GuardianPreferences = z.infer<typeof guardianPreferences>;

const coordinatorPreferences = z.object({
  email: z.object({ enabled: z.boolean(), kinds: z.object(coordinatorSwitches) }),
});
export type CoordinatorPreferencesBody = z.infer<typeof coordinatorPreferences>;

export const preferencesBody = z.union([
  guardianPreferences.describe('of a guardian'),
  coordinatorPreferences.describe('of a coordinator'),
]);

/** A new address for the calendar; the old one stops working at once. */
const rotateCalendar = z.literal(true).optional();

const emailPatch = <S extends z.ZodRawShape>(switches: S) =>
  z.strictObject({ enabled: z.boolean().optional(), kinds: z.strictObject(switches).partial().optional() }).optional();

export const guardianPatch = z.strictObject({ email: emailPatch(guardianSwitches), rotateCalendar });

export const coordinatorPatch = z.strictObject({ email: emailPatch(coordinatorSwitches) });

/** What either role may send: which one it is, only the session says. */
export const preferencesPatch = z
  .strictObject({ email: emailPatch({ ...guardianSwitches, ...coordinatorSwitches }), rotateCalendar })
  .describe('Each role has its own kinds; a calendar address has only a guardian.');
