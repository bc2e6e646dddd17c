import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { ErrorTable } from './errors.ts';
import { complete, factsOf, type Operation, type OperationFacts } from './openapi-responses.ts';
import type { ZodFastify } from './zod-fastify.ts';

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

/** True of every path, and therefore of no operation. */
const everyPath =
  'A path answers methods that it does not have with 405 `method_not_allowed` and `Allow`, `OPTIONS` with 204 and `Allow`, and `HEAD` as `GET` without the content.';

/** Serves the routes' schemas as OpenAPI 3.1 at `/api/<service>/openapi.json`, and as a page at `/api/<service>/docs`. */
export async function serveOpenApi(
  app: ZodFastify,
  service: string,
  info: { title: string; description: string; version: string },
  errors: ErrorTable,
): Promise<void> {
  const transform = createJsonSchemaTransform({});
  const facts: OperationFacts[] = [];
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { ...info, description: `${info.description}\n\n${everyPath}`.trim() },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'homeroom', description: 'Set by POST /api/sessions' },
        },
        schemas: { Problem: problemSchema as never },
      },
    },
    transform: (document) => {
      const methods: string[] = [document.route.method].flat();
      facts.push(...methods.map((method) => factsOf(method, document.route)));
      return transform(document);
    },
    transformObject: createJsonSchemaTransformObject({}),
  });
  let text = '';
  // at startup, not at the first request: a schema that cannot be described is a bug
  app.addHook('onReady', (done) => {
    const document: Document = app.swagger() as object;
    for (const each of facts) {
      const operation = document.paths?.[each.path]?.[each.method.toLowerCase()];
      if (operation !== undefined) complete(operation, each, errors.entries);
    }
    text = JSON.stringify(withoutUnused(document));
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

interface Document {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, unknown> };
}

/** zod's registry is of the whole process: what no path of this service leads to is left out. */
function withoutUnused(document: Document): Document {
  const schemas = document.components?.schemas ?? {};
  const used = new Set<string>();
  const follow = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"/]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      follow(schemas[name] ?? {});
    }
  };
  follow(document.paths ?? {});
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...document, components: { ...document.components, schemas: kept } };
}
