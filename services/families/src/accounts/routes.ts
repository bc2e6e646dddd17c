import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requirePrincipal, signIn, signOut } from '@homeroom/sessions';
import { z } from 'zod';
import { errors } from '../errors.ts';
import { checkCredentials } from './check-credentials.ts';
import type { AccountDeps } from './deps.ts';
import { credentials, mySessions, signedIn, signOutQuery } from './schemas.ts';

const tags = ['sessions'];

type SignInDeps = Parameters<typeof checkCredentials>[0] & Pick<AccountDeps, 'deviceCookies'>;

export function sessionRoutes(app: ZodFastify, deps: SignInDeps & Pick<AccountDeps, 'sessions'>): void {
  signInRoute(app, deps);
  currentSessionRoutes(app, deps);
}

function signInRoute(app: ZodFastify, deps: SignInDeps): void {
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
      const outcome = await checkCredentials(deps, { ...request.body, address: request.ip, device });
      const principal = accepted(errors, outcome);
      const { expiresAt } = await signIn(request, reply, principal);
      deps.deviceCookies.remember(request, reply, email);
      return reply.code(201).send({ principal, expiresAt: expiresAt.toISOString() });
    },
  );
}

function currentSessionRoutes(app: ZodFastify, { sessions }: Pick<AccountDeps, 'sessions'>): void {
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
