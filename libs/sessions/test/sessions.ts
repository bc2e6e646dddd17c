import {
  createLogger,
  createServer,
  defineErrors,
  Health,
  loadConfig,
  Metrics,
  processConfig,
  type ZodFastify,
} from '@homeroom/chassis';
import {
  requireAccount,
  requireCoordinator,
  requirePrincipal,
  sessionsPlugin,
  signIn,
  signOut,
  type Principal,
  type SessionStore,
} from '@homeroom/sessions';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

/** Two co-ops; the host of each is its name. */
export const coops = {
  willow: '0199f2a0-0000-7000-8000-00000000000a',
  birch: '0199f2a0-0000-7000-8000-00000000000b',
} as const;

export const guardian: Extract<Principal, { role: 'guardian' }> = {
  accountId: 'account-g',
  role: 'guardian',
  coopId: coops.willow,
  familyId: 'family-1',
};
export const coordinator: Principal = { accountId: 'account-c', role: 'coordinator', coopId: coops.willow };
export const operator: Principal = { accountId: 'account-o', role: 'operator' };

/** A server with sessions, and a route for everything that can be done with one. */
export async function sessionsApp(
  store: SessionStore,
  { secure = false, service = 'families' } = {},
): Promise<ZodFastify> {
  const app = await createServer({
    service,
    config: loadConfig(processConfig, { RATE_LIMIT_PER_MINUTE: '0' }),
    logger: createLogger({ service, level: 'silent' }),
    health: new Health(),
    metrics: new Metrics({ service, defaults: false }),
    errors: defineErrors({}),
    openapi: { title: 'Sessions', description: '', version: '1' },
  });
  const coopOf = ({ hostname }: FastifyRequest): string | undefined =>
    hostname === 'birch' ? coops.birch : hostname === 'nowhere' ? undefined : coops.willow;
  await app.register(sessionsPlugin, { store, service, coopOf, secure });
  app.post(
    '/sign-in',
    { schema: { body: z.strictObject({ as: z.enum(['guardian', 'coordinator']) }) } },
    async (request, reply) => signIn(request, reply, request.body.as === 'guardian' ? guardian : coordinator),
  );
  app.post('/sign-out', async (request, reply) => ({ ended: await signOut(request, reply) }));
  app.post('/sign-out-everywhere', async (request, reply) => ({
    ended: await signOut(request, reply, { everywhere: true }),
  }));
  app.get('/me', async (request) => (await requirePrincipal(request)).principal);
  app.get('/account', async (request) => (await requireAccount(request)).principal);
  app.get('/coordinators', async (request) => ({ account: (await requireCoordinator(request)).principal.accountId }));
  app.get('/three-times', async (request) => {
    await Promise.all([request.session(), request.session()]);
    return (await requirePrincipal(request)).principal;
  });
  app.get('/public', () => ({}));
  app.get('/mark', async (request) => ({ mark: (await requirePrincipal(request)).freshness.mark }));
  app.post('/write', async (request) => {
    const session = await requirePrincipal(request);
    await session.wrote();
    return { mark: session.freshness.mark };
  });
  app.post('/read/:lsn', { schema: { params: z.object({ lsn: z.string() }) } }, async (request) => {
    const session = await requirePrincipal(request);
    await session.freshness.advance(request.params.lsn.replace('-', '/'));
    return { mark: session.freshness.mark };
  });
  return app;
}

/** The token of a Set-Cookie header. */
export const tokenOf = (setCookie: string | string[] | undefined): string =>
  /homeroom=([^;]*)/.exec(String(setCookie))?.[1] ?? '';
