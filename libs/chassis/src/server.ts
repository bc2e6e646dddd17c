import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ProcessConfig } from './config.ts';
import type { ErrorTable } from './errors.ts';
import type { Health } from './health.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { Redis } from './redis.ts';

/** A Fastify server whose schemas are zod's. */
export type ZodFastify = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface ServerOptions {
  /** Its routes live under `/api`; its OpenAPI under `/api/<service>`. */
  readonly service: string;
  readonly config: ProcessConfig;
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly errors: ErrorTable;
  /** Redis for the rate limit; without it each process counts alone. */
  readonly limiter?: Redis | undefined;
  readonly openapi: { readonly title: string; readonly description: string; readonly version: string };
}

export async function createServer({ config }: ServerOptions): Promise<ZodFastify> {
  const app = Fastify({ bodyLimit: config.BODY_LIMIT_BYTES });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  return app as unknown as ZodFastify;
}
