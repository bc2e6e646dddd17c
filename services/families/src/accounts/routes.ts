import type { ZodFastify } from '@homeroom/chassis';
import { requirePrincipal, signIn, signOut } from '@homeroom/sessions';
import { z } from 'zod';
import type { Deps } from '../app.ts';
import { checkCredentials } from './check-credentials.ts';
import { credentials, mySessions, signedIn, signOutQuery } from './schemas.ts';

const tags = ['sessions'];

export function sessionRoutes(app: ZodFastify, deps: Deps): void {
  app.post(
    '/api/sessions',
    {
      schema: {
        tags,
        summary: 'Sign in',
        body: credentials,
        response: { 201: signedIn },
        sends: ['set-cookie'],
        problems: ['wrong_credentials', 'too_many_attempts', 'passwords_busy', 'sessions_unavailable'],
      },
    },
    async (request, reply) => {
      const { email } = request.body;
      const device = deps.deviceCookies.deviceOf(request, email);
      const principal = await checkCredentials(deps, { ...request.body, address: request.ip, device });
      const { expiresAt } = await signIn(request, reply, principal);
      deps.deviceCookies.remember(request, reply, email);
      return reply.code(201).send({ principal, expiresAt: expiresAt.toISOString() });
    },
  );

  app.get(
    '/api/sessions',
    {
      schema: {
        tags,
        summary: 'Who am I, and where else am I signed in?',
        response: { 200: mySessions },
        problems: ['unauthenticated'],
      },
    },
    async (request) => {
      const { principal, token, expiresAt } = await requirePrincipal(request);
      const current = deps.sessions.idOf(token);
      const sessions = await deps.sessions.list(principal.accountId);
      return {
        principal,
        expiresAt: expiresAt.toISOString(),
        sessions: sessions.map(({ id, createdAt, expiresAt }) => ({
          id,
          createdAt: createdAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
          current: id === current,
        })),
      };
    },
  );

  app.delete(
    '/api/sessions',
    {
      schema: {
        tags,
        summary: 'Sign out, here or everywhere',
        querystring: signOutQuery,
        response: { 204: z.null().describe('Signed out') },
        sends: ['set-cookie'],
        problems: ['unauthenticated'],
      },
    },
    async (request, reply) => {
      await requirePrincipal(request);
      await signOut(request, reply, { everywhere: request.query.everywhere === 'true' });
      return reply.code(204).send(null);
    },
  );
}
