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
  requireCoordinator,
  requirePrincipal,
  sessionsPlugin,
  signIn,
  signOut,
  type Principal,
  type SessionStore,
} from '@homeroom/sessions';
import { z } from 'zod';

export const guardian: Principal = { accountId: 'account-g', role: 'guardian', familyId: 'family-1' };
export const coordinator: Principal = { accountId: 'account-c', role: 'coordinator' };

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
  await app.register(sessionsPlugin, { store, service, secure });
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
