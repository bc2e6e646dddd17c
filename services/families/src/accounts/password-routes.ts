import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requireAccount, signIn } from '@homeroom/sessions';
import { coopIdOf, databaseOf } from '../coops/own-coop.ts';
import { errors } from '../errors.ts';
import { changePassword } from './change-password.ts';
import type { AccountDeps } from './deps.ts';
import { confirmReset, requestReset } from './reset-password.ts';
import { changePasswordOperation, confirmResetOperation, requestResetOperation } from './schemas.ts';

type PasswordDeps = Pick<
  AccountDeps,
  'database' | 'mailLimit' | 'accountTokenSecret' | 'passwords' | 'sessions' | 'signInLimit' | 'deviceCookies'
>;

export function passwordRoutes(app: ZodFastify, { database, ...deps }: PasswordDeps): void {
  app.post('/api/password-resets', { schema: requestResetOperation }, async (request, reply) => {
    await requestReset(
      { ...deps, db: databaseOf(request, database) },
      { email: request.body.email, address: request.ip },
    );
    return reply.code(202).send({});
  });

  app.post('/api/password-resets/confirm', { schema: confirmResetOperation }, async (request, reply) => {
    const db = databaseOf(request, database);
    const { email } = accepted(errors, await confirmReset({ ...deps, db }, request.body));
    // an owner under attack can sign in with the new password from here at once
    deps.deviceCookies.remember(request, reply, { coopId: db.coopId, email });
    return reply.code(204).send(null);
  });

  app.put('/api/account/password', { schema: changePasswordOperation }, async (request, reply) => {
    const { principal } = await requireAccount(request);
    const { accountId } = principal;
    const db = database.ofCoop(coopIdOf(principal));
    accepted(errors, await changePassword({ ...deps, db }, { accountId, address: request.ip, ...request.body }));
    await signIn(request, reply, principal);
    return reply.code(204).send(null);
  });
}
