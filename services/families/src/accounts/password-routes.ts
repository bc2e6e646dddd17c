import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requirePrincipal, signIn } from '@homeroom/sessions';
import { z } from 'zod';
import { errors } from '../errors.ts';
import { changePassword } from './change-password.ts';
import type { AccountDeps } from './deps.ts';
import { confirmReset, requestReset } from './reset-password.ts';
import { passwordChange, resetConfirmation, resetRequest } from './schemas.ts';

const tags = ['accounts'];

type ResetDeps = Parameters<typeof requestReset>[0] &
  Parameters<typeof confirmReset>[0] &
  Pick<AccountDeps, 'deviceCookies'>;
type ChangeDeps = Parameters<typeof changePassword>[0];

export function passwordRoutes(app: ZodFastify, deps: ResetDeps & ChangeDeps): void {
  resetRoutes(app, deps);
  changeRoute(app, deps);
}

function resetRoutes(app: ZodFastify, deps: ResetDeps): void {
  app.post(
    '/api/password-resets',
    {
      schema: {
        tags,
        summary: 'Send a mail with a link to set a new password, if the address has an account',
        body: resetRequest,
        response: { 202: z.object({}).describe('Accepted, whether or not the address has an account') },
      },
    },
    async (request, reply) => {
      await requestReset(deps, { email: request.body.email, address: request.ip });
      return reply.code(202).send({});
    },
  );

  app.post(
    '/api/password-resets/confirm',
    {
      schema: {
        tags,
        summary: 'Set a new password by the token of its mail',
        body: resetConfirmation,
        response: { 204: z.null().describe('The password is set, the address verified, every session ended') },
        sends: ['set-cookie'],
        problems: ['token_invalid', 'passwords_busy', 'sessions_unavailable'],
      },
    },
    async (request, reply) => {
      const { email } = accepted(errors, await confirmReset(deps, request.body));
      // an owner under attack can sign in with the new password from here at once
      deps.deviceCookies.remember(request, reply, email);
      return reply.code(204).send(null);
    },
  );
}

function changeRoute(app: ZodFastify, deps: ChangeDeps): void {
  app.put(
    '/api/account/password',
    {
      schema: {
        tags,
        summary: 'Change my password and end my other sessions',
        body: passwordChange,
        response: { 204: z.null().describe('The password is changed; this session goes on with a new cookie') },
        sends: ['set-cookie'],
        problems: ['unauthenticated', 'wrong_password', 'too_many_attempts', 'passwords_busy', 'sessions_unavailable'],
      },
    },
    async (request, reply) => {
      const { principal } = await requirePrincipal(request);
      const { accountId } = principal;
      accepted(errors, await changePassword(deps, { accountId, address: request.ip, ...request.body }));
      await signIn(request, reply, principal);
      return reply.code(204).send(null);
    },
  );
}
