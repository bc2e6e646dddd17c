import { validBody, type ZodFastify } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { requirePrincipal } from '@homeroom/sessions';
import { coordinatorKinds, mailKinds } from '../notifications/kinds.ts';
import {
  changeCoordinatorPreferences,
  findCoordinatorPreferences,
  type CoordinatorPreferences,
} from './coordinator-store.ts';
import {
  coordinatorPatch,
  guardianPatch,
  preferencesBody,
  preferencesPatch,
  type CoordinatorPreferencesBody,
  type GuardianPreferences,
} from './schemas.ts';
import { changePreferences, findPreferences, type Preferences } from './store.ts';

export function preferencesRoutes(
  app: ZodFastify,
  { database, publicOrigin }: { database: Database; publicOrigin: string },
): void {
  const present = ({ emailEnabled, mutedKinds, calendarToken }: Preferences): GuardianPreferences => ({
    email: { enabled: emailEnabled, kinds: switches(mailKinds, (kind) => !mutedKinds.includes(kind)) },
    calendarUrl: `${publicOrigin}/api/calendars/${calendarToken}.ics`,
  });

  app.get(
    '/api/notification-preferences',
    {
      schema: {
        tags: ['preferences'],
        summary: 'What you want by mail; for guardians, the address of the family’s calendar',
        response: { 200: preferencesBody },
        problems: ['unauthenticated'],
      },
    },
    async (request) => {
      const session = await requirePrincipal(request);
      const { principal, freshness } = session;
      if (principal.role === 'coordinator') {
        const { accountId } = principal;
        return presentCoordinator(await database.read(freshness, (db) => findCoordinatorPreferences(db, accountId)));
      }
      const found = await database.read(freshness, (db) => findPreferences(db, principal));
      if (found !== undefined) return present(found);
      // the calendar's address is made at the first look
      const made = await changePreferences(database, principal, { mute: [], unmute: [], rotateCalendar: false });
      await session.wrote();
      return present(made);
    },
  );

  app.patch(
    '/api/notification-preferences',
    {
      schema: {
        tags: ['preferences'],
        summary: 'Change what you get by mail; for guardians, the address of the family’s calendar',
        body: preferencesPatch,
        response: { 200: preferencesBody },
        problems: ['unauthenticated'],
      },
    },
    async (request) => {
      const session = await requirePrincipal(request);
      const { principal } = session;
      const changed =
        principal.role === 'coordinator'
          ? presentCoordinator(await patchCoordinator(database, principal.accountId, request.body))
          : present(await patchGuardian(database, principal, request.body));
      await session.wrote();
      return changed;
    },
  );
}

function patchGuardian(
  database: Database,
  owner: Parameters<typeof changePreferences>[1],
  body: unknown,
): Promise<Preferences> {
  const { email, rotateCalendar = false } = validBody(guardianPatch, body);
  const kinds = email?.kinds ?? {};
  return changePreferences(database, owner, {
    emailEnabled: email?.enabled,
    mute: mailKinds.filter((kind) => kinds[kind] === false),
    unmute: mailKinds.filter((kind) => kinds[kind] === true),
    rotateCalendar,
  });
}

function patchCoordinator(database: Database, accountId: string, body: unknown): Promise<CoordinatorPreferences> {
  const { email } = validBody(coordinatorPatch, body);
  const kinds = email?.kinds ?? {};
  return changeCoordinatorPreferences(database, accountId, {
    emailEnabled: email?.enabled,
    on: coordinatorKinds.filter((kind) => kinds[kind] === true),
    off: coordinatorKinds.filter((kind) => kinds[kind] === false),
  });
}

const presentCoordinator = ({ emailEnabled, mailedKinds }: CoordinatorPreferences): CoordinatorPreferencesBody => ({
  email: { enabled: emailEnabled, kinds: switches(coordinatorKinds, (kind) => mailedKinds.includes(kind)) },
});

const switches = <K extends string>(kinds: readonly K[], isOn: (kind: K) => boolean): Record<K, boolean> =>
  Object.fromEntries(kinds.map((kind) => [kind, isOn(kind)])) as Record<K, boolean>;
