import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
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
      const transformed = transform(document);
      if (document.schema.hide === true) return transformed;
      const response = (transformed.schema as { response?: object }).response ?? {
        '2xx': { type: 'object', description: 'Done' },
      };
      return {
        ...transformed,
        schema: {
          ...transformed.schema,
          response: {
            ...response,
            default: {
              description: 'What went wrong',
              content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
            },
          },
        },
      };
    },
  });
  let text: string | undefined;
  app.get(`/api/${service}/openapi.json`, { schema: { hide: true } }, (_request, reply) => {
    text ??= JSON.stringify(app.swagger());
    reply.header('content-type', 'application/json; charset=utf-8').header('cache-control', 'public, max-age=60');
    return reply.send(text);
  });
  await app.register(swaggerUi, {
    routePrefix: `/api/${service}/docs`,
    staticCSP: viewerPolicy,
    uiConfig: { url: `/api/${service}/openapi.json`, docExpansion: 'list' },
  });
}
