import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requireAccount, signIn } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { changePassword } from './change-password.ts';
import type { AccountDeps } from './deps.ts';
import { confirmReset, requestReset } from './reset-password.ts';
import { changePasswordOperation, confirmResetOperation, requestResetOperation } from './schemas.ts';

type PasswordDeps = Parameters<typeof requestReset>[0] &
  Parameters<typeof confirmReset>[0] &
  Parameters<typeof changePassword>[0] &
  Pick<AccountDeps, 'deviceCookies'>;

export function passwordRoutes(app: ZodFastify, deps: PasswordDeps): void {
  app.post('/api/password-resets', { schema: requestResetOperation }, async (request, reply) => {
    await requestReset(deps, { email: request.body.email, address: request.ip });
    return reply.code(202).send({});
  });

  app.post('/api/password-resets/confirm', { schema: confirmResetOperation }, async (request, reply) => {
    const { email } = accepted(errors, await confirmReset(deps, request.body));
    // an owner under attack can sign in with the new password from here at once
    deps.deviceCookies.remember(request, reply, email);
    return reply.code(204).send(null);
  });

  app.put('/api/account/password', { schema: changePasswordOperation }, async (request, reply) => {
    const { principal } = await requireAccount(request);
    const { accountId } = principal;
    accepted(errors, await changePassword(deps, { accountId, address: request.ip, ...request.body }));
    await signIn(request, reply, principal);
    return reply.code(204).send(null);
  });
}
