import {
  createLogger,
  createServer,
  defineErrors,
  integerParameter,
  Health,
  loadConfig,
  Metrics,
  processConfig,
  type ZodFastify,
} from '@homeroom/chassis';
import { z } from 'zod';
import type { ServerOptions } from '../../src/http/server.ts';

export interface TestApp {
  readonly app: ZodFastify;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Every line logged, parsed. */
  readonly lines: Record<string, unknown>[];
}

/**
 * A server as a service makes it, with a route for every kind of trouble.
 * @param env its configuration; the rate limit is off unless asked for.
 */
export async function testApp({
  env = {},
  routes,
  ...overrides
}: {
  env?: Record<string, string>;
  routes?: (app: ZodFastify) => void;
} & Partial<ServerOptions> = {}): Promise<TestApp> {
  const lines: Record<string, unknown>[] = [];
  const health = new Health();
  const metrics = new Metrics({ service: 'things', defaults: false });
  const app = await createServer({
    service: 'things',
    config: loadConfig(processConfig, { RATE_LIMIT_PER_MINUTE: '0', ...env }),
    logger: createLogger({
      service: 'things',
      stream: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    }),
    health,
    metrics,
    errors: defineErrors({}),
    openapi: { title: 'Things', description: 'A service for tests', version: '1.0.0' },
    ...overrides,
  });
  addRoutes(app);
  routes?.(app);
  return { app, health, metrics, lines };
}

const thing = z.strictObject({ name: z.string().min(1).max(200), size: z.int().min(0).optional() });

function addRoutes(app: ZodFastify): void {
  app.get(
    '/api/things/:id',
    {
      schema: {
        params: z.object({ id: z.string().max(40) }),
        querystring: z.strictObject({ token: z.string().optional() }),
      },
    },
    (request) => ({
      id: request.params.id,
    }),
  );
  app.get(
    '/api/things',
    { schema: { querystring: z.strictObject({ limit: integerParameter(-100, 100).optional() }) } },
    (request, reply) => {
      reply.header('content-type', 'application/json; charset=utf-8');
      return `{"limit":${request.query.limit ?? 20},"ip":"${request.ip}"}`;
    },
  );
  app.post('/api/things', { schema: { body: thing } }, (request, reply) => reply.code(201).send(request.body));
  app.get('/api/things/broken', () => {
    throw new Error('password=hunter2 at 10.0.0.7');
  });
}
