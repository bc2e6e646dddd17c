import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requireCoop } from '@homeroom/coops';
import type { FastifyRequest } from 'fastify';
import type { AccountKey } from '../credentials/account-key.ts';
import { requireAccount, signIn, signOut } from '@homeroom/sessions';
import { operatorsCoopId } from '../coops/coop.ts';
import { errors } from '../errors.ts';
import { checkCredentials } from './check-credentials.ts';
import type { AccountDeps } from './deps.ts';
import { mySessionsOperation, signInOperation, signOutOperation } from './schemas.ts';

type SignInDeps = Parameters<typeof checkCredentials>[0] & Pick<AccountDeps, 'deviceCookies' | 'sessions'>;

// operators sign in on every host, also to resume a co-op
const config = { withoutCoop: true };

/** Which account is signed in to: on a host of no co-op an operator's, if anyone's. */
const accountKey = ({ coop }: FastifyRequest, email: string): AccountKey => ({
  coopId: coop?.coopId ?? operatorsCoopId,
  email,
});

export function sessionRoutes(app: ZodFastify, deps: SignInDeps): void {
  const { deviceCookies, sessions } = deps;

  app.post('/api/sessions', { schema: signInOperation, config }, async (request, reply) => {
    const account = accountKey(request, request.body.email);
    const device = deviceCookies.deviceOf(request, account);
    const given = { ...account, password: request.body.password, address: request.ip, device };
    const outcome = await checkCredentials(deps, given);
    const principal = accepted(errors, outcome);
    if (principal.role !== 'operator') requireCoop(request);
    const { expiresAt } = await signIn(request, reply, principal);
    deviceCookies.remember(request, reply, account);
    return reply.code(201).send({ principal, expiresAt: expiresAt.toISOString() });
  });

  app.get('/api/sessions', { schema: mySessionsOperation, config }, async (request) => {
    const { principal, token, expiresAt } = await requireAccount(request);
    const current = sessions.idOf(token);
    const open = await sessions.list(principal.accountId);
    return {
      principal,
      expiresAt: expiresAt.toISOString(),
      sessions: open.map(({ id, createdAt, expiresAt }) => ({
        id,
        createdAt: createdAt.toISOString(),
        expiresAt: expiresAt.toISOString(),
        current: id === current,
      })),
    };
  });

  app.delete('/api/sessions', { schema: signOutOperation, config }, async (request, reply) => {
    await requireAccount(request);
    await signOut(request, reply, { everywhere: request.query.everywhere === 'true' });
    return reply.code(204).send(null);
  });
}
