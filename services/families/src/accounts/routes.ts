import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requireCoop } from '@homeroom/coops';
import { requireAccount, signIn, signOut } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { checkCredentials } from './check-credentials.ts';
import type { AccountDeps } from './deps.ts';
import { mySessionsOperation, signInOperation, signOutOperation } from './schemas.ts';

type SignInDeps = Parameters<typeof checkCredentials>[0] & Pick<AccountDeps, 'deviceCookies' | 'sessions'>;

// operators sign in on every host, also to resume a co-op
const config = { withoutCoop: true };

export function sessionRoutes(app: ZodFastify, deps: SignInDeps): void {
  const { deviceCookies, sessions } = deps;

  app.post('/api/sessions', { schema: signInOperation, config }, async (request, reply) => {
    const { email } = request.body;
    const device = deviceCookies.deviceOf(request, email);
    const outcome = await checkCredentials(deps, { ...request.body, address: request.ip, device });
    const principal = accepted(errors, outcome);
    if (principal.role !== 'operator') requireCoop(request);
    const { expiresAt } = await signIn(request, reply, principal);
    deviceCookies.remember(request, reply, email);
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
