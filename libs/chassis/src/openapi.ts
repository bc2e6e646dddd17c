import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema } from 'fastify';
import { createJsonSchemaTransform } from 'fastify-type-provider-zod';
import type { ZodFastify } from './server.ts';

const problemSchema = {
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'code', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable; what programs compare' },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'The request id' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['in', 'field', 'message'],
        properties: {
          in: { enum: ['body', 'query', 'params', 'headers'] },
          field: { type: 'string' },
          message: { type: 'string' },
        },
      },
    },
  },
} as const;

/** The viewer needs its own scripts, its own styles and the document, and nothing else. */
const viewerPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Serves the routes' schemas as OpenAPI 3.1 at `/api/<service>/openapi.json`, and for people at `/api/<service>/docs`. */
export async function serveOpenApi(
  app: ZodFastify,
  service: string,
  info: { title: string; description: string; version: string },
): Promise<void> {
  const transform = createJsonSchemaTransform({});
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info,
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'homeroom', description: 'Set by POST /api/sessions' },
        },
        schemas: { Problem: problemSchema as never },
      },
    },
    transform: (document) => {
      const { schema, url } = transform(document);
      // typed as always there; a route may have none
      if ((schema as { hide?: boolean } | undefined)?.hide === true) return { schema, url };
      return { schema: withProblem(schema), url };
    },
  });
  let text = '';
  // at the start, not at the first reader: a schema that cannot be described is a mistake of ours
  app.addHook('onReady', (done) => {
    text = JSON.stringify(app.swagger());
    done();
  });
  app.get(`/api/${service}/openapi.json`, { schema: { hide: true } }, (_request, reply) => {
    reply.header('content-type', 'application/json; charset=utf-8').header('cache-control', 'public, max-age=60');
    return reply.send(text);
  });
  await app.register(swaggerUi, {
    routePrefix: `/api/${service}/docs`,
    staticCSP: viewerPolicy,
    uiConfig: { url: `/api/${service}/openapi.json`, docExpansion: 'list' },
  });
}

/** Adds to an operation that it may always answer with a problem. */
function withProblem(schema: FastifySchema | undefined): FastifySchema {
  const { response = { '2xx': { description: 'Done' } } } = (schema ?? {}) as { response?: object };
  return {
    ...schema,
    response: {
      ...response,
      default: {
        description: 'What went wrong',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

declare module 'fastify' {
  interface FastifySchema {
    /**
     * Codes of the service's error table that this route may answer beyond what every route may: they become the
     * document's responses, and an answer with any other is a bug.
     */
    problems?: readonly string[];
  }
}
