import { validBody, type ZodFastify } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { requirePrincipal } from '@homeroom/sessions';
import { coordinatorKinds, mailKinds } from '../notifications/kinds.ts';
import { changeCoordinatorPreferences, findCoordinatorPreferences } from './coordinator-store.ts';
import {
  coordinatorPatch,
  guardianPatch,
  patchOperation,
  presentCoordinator,
  presentGuardian,
  readOperation,
} from './schemas.ts';
import { changePreferences, findPreferences } from './store.ts';

export function preferencesRoutes(
  app: ZodFastify,
  { database, publicOrigin }: { database: Database; publicOrigin: string },
): void {
  app.get('/api/notification-preferences', { schema: readOperation }, async (request) => {
    const session = await requirePrincipal(request);
    const { principal, freshness } = session;
    if (principal.role === 'coordinator') {
      const { accountId } = principal;
      return presentCoordinator(await database.read(freshness, (db) => findCoordinatorPreferences(db, accountId)));
    }
    const found = await database.read(freshness, (db) => findPreferences(db, principal));
    if (found !== undefined) return presentGuardian(found, publicOrigin);
    // the calendar's address is created by the first read
    const created = await changePreferences(database, principal, { mute: [], unmute: [], rotateCalendar: false });
    await session.wrote();
    return presentGuardian(created, publicOrigin);
  });

  app.patch('/api/notification-preferences', { schema: patchOperation }, async (request) => {
    const session = await requirePrincipal(request);
    const { principal } = session;
    if (principal.role === 'coordinator') {
      const { email } = validBody(coordinatorPatch, request.body);
      const { on, off } = switched(coordinatorKinds, email?.kinds);
      const change = { emailEnabled: email?.enabled, on, off };
      const changed = await changeCoordinatorPreferences(database, principal.accountId, change);
      await session.wrote();
      return presentCoordinator(changed);
    }
    const { email, rotateCalendar = false } = validBody(guardianPatch, request.body);
    const { on: unmute, off: mute } = switched(mailKinds, email?.kinds);
    const change = { emailEnabled: email?.enabled, mute, unmute, rotateCalendar };
    const changed = await changePreferences(database, principal, change);
    await session.wrote();
    return presentGuardian(changed, publicOrigin);
  });
}

/** The kinds that a patch switches; the others stay as they are. */
const switched = <K extends string>(
  all: readonly K[],
  kinds: Partial<Record<K, boolean | undefined>> = {},
): { on: K[]; off: K[] } => ({
  on: all.filter((kind) => kinds[kind] === true),
  off: all.filter((kind) => kinds[kind] === false),
});
