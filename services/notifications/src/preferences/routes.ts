import { validBody, type ZodFastify } from '@homeroom/chassis';
import { requireCoop, type Coop } from '@homeroom/coops';
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
  { database, originOf }: { database: Database; originOf: (coop: Coop) => string },
): void {
  app.get('/api/notification-preferences', { schema: readOperation }, async (request) => {
    const session = await requirePrincipal(request);
    const { principal, freshness } = session;
    const coop = requireCoop(request);
    const db = database.ofCoop(coop.coopId);
    if (principal.role === 'coordinator') {
      const { accountId } = principal;
      return presentCoordinator(await db.read(freshness, (from) => findCoordinatorPreferences(from, accountId)));
    }
    const found = await db.read(freshness, (from) => findPreferences(from, principal));
    if (found !== undefined) return presentGuardian(found, originOf(coop));
    // the calendar's address is created by the first read
    const created = await changePreferences(db, principal, { mute: [], unmute: [], rotateCalendar: false });
    await session.wrote();
    return presentGuardian(created, originOf(coop));
  });

  app.patch('/api/notification-preferences', { schema: patchOperation }, async (request) => {
    const session = await requirePrincipal(request);
    const { principal } = session;
    const coop = requireCoop(request);
    const db = database.ofCoop(coop.coopId);
    if (principal.role === 'coordinator') {
      const { email } = validBody(coordinatorPatch, request.body);
      const { on, off } = switched(coordinatorKinds, email?.kinds);
      const change = { emailEnabled: email?.enabled, on, off };
      const changed = await changeCoordinatorPreferences(db, principal.accountId, change);
      await session.wrote();
      return presentCoordinator(changed);
    }
    const { email, rotateCalendar = false } = validBody(guardianPatch, request.body);
    const { on: unmute, off: mute } = switched(mailKinds, email?.kinds);
    const change = { emailEnabled: email?.enabled, mute, unmute, rotateCalendar };
    const changed = await changePreferences(db, principal, change);
    await session.wrote();
    return presentGuardian(changed, originOf(coop));
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
