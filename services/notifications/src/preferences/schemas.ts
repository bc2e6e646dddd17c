import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { coordinatorKinds, mailKinds } from '../notifications/kinds.ts';
import type { CoordinatorPreferences } from './coordinator-store.ts';
import type { Preferences } from './store.ts';

const switches = <K extends string, V>(kinds: readonly K[], valueOf: (kind: K) => V): Record<K, V> =>
  Object.fromEntries(kinds.map((kind) => [kind, valueOf(kind)])) as Record<K, V>;

const guardianSwitches = switches(mailKinds, () => z.boolean());
const coordinatorSwitches = switches(coordinatorKinds, () => z.boolean());

const guardianBody = z.object({
  email: z.object({ enabled: z.boolean(), kinds: z.object(guardianSwitches) }),
  /** Secret: anyone who has it can read the calendar. */
  calendarUrl: z.url(),
});

const coordinatorBody = z.object({
  email: z.object({ enabled: z.boolean(), kinds: z.object(coordinatorSwitches) }),
});

const preferencesBody = z.union([guardianBody.describe('of a guardian'), coordinatorBody.describe('of a coordinator')]);

/** A new address for the calendar; the old one stops working at once. */
const rotateCalendar = z.literal(true).optional();

const emailPatch = <S extends z.ZodRawShape>(kinds: S) =>
  z.strictObject({ enabled: z.boolean().optional(), kinds: z.strictObject(kinds).partial().optional() }).optional();

export const guardianPatch = z.strictObject({ email: emailPatch(guardianSwitches), rotateCalendar });

export const coordinatorPatch = z.strictObject({ email: emailPatch(coordinatorSwitches) });

export const readOperation = {
  tags: ['preferences'],
  summary: 'What you receive by mail; for guardians, the address of the family’s calendar',
  response: { 200: preferencesBody },
  problems: ['unauthenticated'],
} satisfies FastifySchema;

export const patchOperation = {
  tags: ['preferences'],
  summary: 'Change what you receive by mail; for guardians, the address of the family’s calendar',
  // what either role may send: which one it is, only the session says
  body: z
    .strictObject({ email: emailPatch({ ...guardianSwitches, ...coordinatorSwitches }), rotateCalendar })
    .describe('Each role has its own kinds; a calendar address has only a guardian.'),
  response: { 200: preferencesBody },
  problems: ['unauthenticated'],
} satisfies FastifySchema;

export const presentGuardian = (
  { emailEnabled, mutedKinds, calendarToken }: Preferences,
  origin: string,
): z.infer<typeof guardianBody> => ({
  email: { enabled: emailEnabled, kinds: switches(mailKinds, (kind) => !mutedKinds.includes(kind)) },
  calendarUrl: `${origin}/api/calendars/${calendarToken}.ics`,
});

export const presentCoordinator = (of: CoordinatorPreferences): z.infer<typeof coordinatorBody> => ({
  email: { enabled: of.emailEnabled, kinds: switches(coordinatorKinds, (kind) => of.mailedKinds.includes(kind)) },
});
