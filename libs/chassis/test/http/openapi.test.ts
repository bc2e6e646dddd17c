import { defineErrors, idempotencyHeaders } from '@homeroom/chassis';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { testApp } from './app.ts';

interface Described {
  description: string;
  headers?: Record<string, unknown>;
  content?: object;
}

interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, unknown> };
  security?: unknown;
  responses: Partial<Record<string, Described>>;
}

const errors = defineErrors({ pet_taken: { status: 409, title: 'The pet has a home' } });
const pet = z.object({ name: z.string() }).meta({ id: 'Pet' });

async function describeApp(): Promise<{
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}> {
  const { app } = await testApp({
    errors,
    routes: (it) => {
      it.get('/api/things/pets/:petId', {
        schema: { params: z.strictObject({ petId: z.uuid() }), response: { 200: pet }, problems: ['unauthenticated'] },
        handler: () => ({ name: 'Rex' }),
      });
      it.post('/api/things/pets', {
        schema: {
          headers: idempotencyHeaders,
          body: pet.strict(),
          response: { 201: pet },
          problems: ['pet_taken'],
          sends: ['location'],
        },
        handler: async (_request, reply) => reply.code(201).header('location', '/').send({ name: 'Rex' }),
      });
      it.delete('/api/things/pets', {
        config: { rateLimit: false },
        schema: { response: { 204: z.null().describe('Deleted') } },
        handler: async (_request, reply) => reply.code(204).send(null),
      });
      it.post('/api/things/import', {
        schema: { receives: { 'text/csv': z.string() }, response: { 200: pet } },
        handler: () => ({ name: '' }),
      });
    },
  });
  const document = await app.inject('/api/things/openapi.json');
  await app.close();
  return document.json();
}

function codesOf(operation: Operation | undefined, status: number): unknown {
  const content: { 'application/problem+json'?: { schema: { allOf: object[] } } } | undefined =
    operation?.responses[String(status)]?.content;
  return content?.['application/problem+json']?.schema.allOf[1];
}

describe('Contract: the document lists what each route may answer', () => {
  test('the codes of its table per status, and no default', async () => {
    const { paths } = await describeApp();
    const post = paths['/api/things/pets']?.['post'];
    expect(Object.keys(post?.responses ?? {})).toEqual([
      '201',
      '400',
      '403',
      '404',
      '408',
      '409',
      '413',
      '415',
      '422',
      '429',
      '431',
      '500',
      '503',
    ]);
    expect(codesOf(post, 409)).toMatchObject({
      properties: { status: { const: 409 }, code: { enum: ['pet_taken'] } },
    });
    expect(codesOf(post, 422)).toMatchObject({
      properties: { code: { enum: ['validation_failed', 'idempotency_key_reused'] } },
    });
    expect(post?.responses['409']?.description).toContain('`pet_taken`: The pet has a home');
    expect(post?.responses['201']?.headers).toHaveProperty('Location');
    expect(post?.parameters).toEqual([expect.objectContaining({ name: 'Idempotency-Key', in: 'header' })]);
    expect(post?.security).toBeUndefined();
  });

  test('a route that wants a session declares it; one that reads nothing has no body’s refusals', async () => {
    const get = (await describeApp()).paths['/api/things/pets/{petId}']?.['get'];
    expect(get?.security).toEqual([{ session: [] }]);
    expect(Object.keys(get?.responses ?? {})).toEqual([
      '200',
      '304',
      '400',
      '401',
      '403',
      '404',
      '408',
      '422',
      '429',
      '431',
      '500',
      '503',
    ]);
    expect(codesOf(get, 503)).toMatchObject({
      properties: { code: { enum: ['overloaded', 'unavailable', 'sessions_unavailable'] } },
    });
    expect(Object.keys(get?.responses['200']?.headers ?? {})).toEqual(['Cache-Control', 'ETag']);
    expect(get?.parameters).toContainEqual(expect.objectContaining({ name: 'If-None-Match', in: 'header' }));
  });

  test('204 has no content, a route without a limit no 429, an import its media type', async () => {
    const { paths } = await describeApp();
    const { responses } = paths['/api/things/pets']?.['delete'] ?? { responses: {} };
    expect(responses['204']).not.toHaveProperty('content');
    expect(responses).not.toHaveProperty('429');
    expect(paths['/api/things/import']?.['post']?.requestBody?.content).toEqual({
      'text/csv': { schema: { type: 'string' } },
    });
  });

  test('components hold what paths refer to, and nothing of another service', async () => {
    z.object({ a: z.string() }).meta({ id: 'OfAnotherService' });
    const { components } = await describeApp();
    expect(Object.keys(components.schemas).toSorted()).toEqual(['Pet', 'Problem']);
  });

  test('a code that is in no table is refused when the route is declared', async () => {
    const declare = testApp({
      routes: (it) => void it.get('/api/things/odd', { schema: { problems: ['no_such_code'] }, handler: () => '' }),
    });
    await expect(declare).rejects.toThrow('no_such_code');
  });
});
