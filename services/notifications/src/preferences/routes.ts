import type { ZodFastify } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { requireGuardian } from '@homeroom/sessions';
import type { z } from 'zod';
import { mailKinds, type MailKind } from '../notifications/kinds.ts';
import { preferencesBody, preferencesPatch } from './schemas.ts';
import { changePreferences, findPreferences, type Preferences } from './store.ts';

export function preferencesRoutes(
  app: ZodFastify,
  { database, publicOrigin }: { database: Database; publicOrigin: string },
): void {
  const present = ({ emailEnabled, mutedKinds, calendarToken }: Preferences): z.infer<typeof preferencesBody> => ({
    email: {
      enabled: emailEnabled,
      kinds: Object.fromEntries(mailKinds.map((kind) => [kind, !mutedKinds.includes(kind)])) as Record<
        MailKind,
        boolean
      >,
    },
    calendarUrl: `${publicOrigin}/api/calendars/${calendarToken}.ics`,
  });

  app.get(
    '/api/notification-preferences',
    {
      schema: {
        tags: ['preferences'],
        summary: 'What you want by mail, and the address of the family’s calendar',
        response: { 200: preferencesBody },
        problems: ['unauthenticated', 'forbidden_role'],
      },
    },
    async (request) => {
      const session = await requireGuardian(request);
      const { principal } = session;
      const found = await database.read(session.freshness, (db) => findPreferences(db, principal));
      if (found !== undefined) return present(found);
      // the calendar's address is made at the first look
      const made = await changePreferences(database, principal, {
        mute: [],
        unmute: [],
        rotateCalendar: false,
      });
      await session.wrote();
      return present(made);
    },
  );

  app.patch(
    '/api/notification-preferences',
    {
      schema: {
        tags: ['preferences'],
        summary: 'Change what you get by mail, or the address of the family’s calendar',
        body: preferencesPatch,
        response: { 200: preferencesBody },
        problems: ['unauthenticated', 'forbidden_role'],
      },
    },
    async (request) => {
      const session = await requireGuardian(request);
      const { email, rotateCalendar = false } = request.body;
      const kinds = email?.kinds ?? {};
      const changed = await changePreferences(database, session.principal, {
        emailEnabled: email?.enabled,
        mute: mailKinds.filter((kind) => kinds[kind] === false),
        unmute: mailKinds.filter((kind) => kinds[kind] === true),
        rotateCalendar,
      });
      await session.wrote();
      return present(changed);
    },
  );
}
