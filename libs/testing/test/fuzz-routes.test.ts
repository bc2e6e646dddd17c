import { describe, expect, jest, test } from '@jest/globals';
import { fuzzRoutes, openApiMistakes } from '@homeroom/testing';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';

const id = '0199f2a0-0000-7000-8000-000000000001';
const refused = { description: 'Refused', content: { 'application/problem+json': { schema: {} } } };
const errors = Object.fromEntries([400, 404, 413, 414, 415].map((status) => [status, refused]));
const oneJson = { description: 'Done', content: { 'application/json': { schema: {} } } };
const document = {
  openapi: '3.1.0',
  paths: {
    '/pets/{id}': {
      get: {
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }],
        responses: { 200: oneJson, ...errors },
      },
    },
    '/pets': {
      get: {
        parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 100 } }],
        responses: { 200: oneJson, ...errors },
      },
      post: {
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } } },
        responses: { 201: oneJson, ...errors },
      },
    },
    '/stream': { get: {} },
  },
  components: {
    schemas: {
      Pet: {
        type: 'object',
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 50 },
          age: { type: 'integer', minimum: 0 },
          tags: { type: 'array', items: { type: 'string' } },
        },
        required: ['name'],
        additionalProperties: false,
      },
    },
  },
};

interface Pet {
  name: string;
}

const problem = (reply: FastifyReply, status: number, code = 'refused'): FastifyReply =>
  reply.code(status).type('application/problem+json').send({ status, code });

/** An app as the services build them, and the requests it received; `keep` is what its POST does with a good pet. */
function build(keep: (pet: Pet) => void = () => undefined): { app: FastifyInstance; seen: string[] } {
  const app = fastify({
    allowErrorHandlerOverride: true,
    frameworkErrors: (error, _, reply) => void problem(reply, error.statusCode ?? 400),
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  const seen: string[] = [];
  app.addHook(
    'preHandler',
    async (request) => void seen.push(`${request.method} ${request.url} ${JSON.stringify(request.body)}`),
  );
  const pet = document.components.schemas.Pet;
  app.get('/openapi.json', () => document);
  app.get<{ Params: { id: string } }>('/pets/:id', (request, reply) =>
    request.params.id === id ? { name: 'Rex' } : problem(reply, 404),
  );
  app.get('/pets', () => []);
  app.post<{ Body: Pet }>('/pets', { schema: { body: pet } }, async (request, reply) => {
    keep(request.body);
    return reply.code(201).send(request.body);
  });
  app.get('/stream', () => new Promise(() => undefined));
  app.setErrorHandler<{ statusCode?: number }>((error, _, reply) => problem(reply, error.statusCode ?? 500));
  app.setNotFoundHandler((_, reply) => problem(reply, 404));
  return { app, seen };
}
const options = {
  openapiPath: '/openapi.json',
  runsPerRoute: 200,
  skip: ({ path }: { path: string }) => path === '/stream',
};
const failure = (app: FastifyInstance): Promise<string> =>
  fuzzRoutes(app, options).then(
    () => 'nothing found',
    (error: unknown) => (error as Error).message,
  );

test('a sound app passes; good and bad requests are both among those sent', async () => {
  const { routes } = await fuzzRoutes(build().app, options);
  const of = (method: string, path: string): Readonly<Record<number, number>> =>
    routes.find((route) => route.method === method && route.path === path)!.statuses;
  expect(of('POST', '/pets')).toMatchObject({ 201: expect.any(Number), 400: expect.any(Number) });
  expect(routes.map(({ path }) => path)).not.toContain('/stream');
});

test('values that are known are tried, so that requests get somewhere', async () => {
  const { routes } = await fuzzRoutes(build().app, { ...options, known: (name) => (name === 'id' ? [id] : []) });
  expect(routes.find(({ path }) => path === '/pets/{id}')?.statuses).toMatchObject({ 200: expect.any(Number) });
});

test.each<[string, (pet: Pet) => void]>([
  [
    'chokes on letters that are not ASCII',
    ({ name }) => {
      if (Buffer.byteLength(name) !== name.length) throw new Error('encoding');
    },
  ],
  [
    'chokes on a long name',
    ({ name }) => {
      if (name.length > 30) throw new Error('overflow');
    },
  ],
])('negative control: an app that %s is caught, with the seed and the request', async (_, keep) => {
  const message = await failure(build(keep).app);
  expect(message).toMatch(/^POST \/pets, FUZZ_SEED=\d+: a client caused a server error\nPOST \/pets/);
  expect(message).toContain('→ 500');
});

describe('negative control: what the document does not say is caught', () => {
  const documented = {
    ...document,
    paths: {
      '/pets': {
        get: {
          responses: {
            200: {
              headers: { 'X-Count': { required: true } },
              content: {
                'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Pet' } } },
              },
            },
          },
        },
      },
    },
  };
  const asked = async (answer: (reply: FastifyReply) => FastifyReply): Promise<string> => {
    const app = fastify();
    app.get('/openapi.json', () => documented);
    app.get('/pets', (_request, reply) => answer(reply));
    return fuzzRoutes(app, { ...options, runsPerRoute: 5 }).then(
      () => 'nothing found',
      (error: unknown) => (error as Error).message,
    );
  };

  test.each<[string, (reply: FastifyReply) => FastifyReply]>([
    ['status 202 is not documented', (reply) => reply.code(202).send([])],
    ['the documented header X-Count was not sent', (reply) => reply.send([])],
    ['media type text/csv is not documented', (reply) => reply.header('x-count', '0').type('text/csv').send('a')],
    ['the body is not as documented', (reply) => reply.header('x-count', '1').send([{ nome: 'Rex' }])],
    ['the header etag is not documented', (reply) => reply.headers({ 'x-count': '1', etag: '"1"' }).send([])],
    ['nothing found', (reply) => reply.header('x-count', '1').send([{ name: 'Rex' }])],
  ])('%s', async (message, answer) => expect(await asked(answer)).toContain(message));
});

test('a document is sound, or its mistakes are named', async () => {
  const info = { title: 'Pets', version: '1' };
  const sound = { openapi: '3.1.0', info, paths: { '/pets': { get: { responses: { 200: { description: 'All' } } } } } };
  expect(await openApiMistakes(sound)).toEqual([]);
  const schema = { $ref: '#/components/schemas/Nowhere' };
  const dangling = { description: 'All', content: { 'application/json': { schema } } };
  expect(await openApiMistakes({ ...sound, paths: { '/pets': { get: { responses: { 200: dangling } } } } })).toEqual([
    expect.stringContaining('#/components/schemas/Nowhere'),
  ]);
  const wrong = { ...sound, paths: { '/pets': { get: { responses: { 200: { content: [] } } } } } };
  expect((await openApiMistakes(wrong)).length).toBeGreaterThan(0);
});

test('negative control: an error that is not problem+json is caught', async () => {
  const { app } = build();
  app.setErrorHandler((_, __, reply) => reply.code(400).send({ message: 'no' }));
  expect(await failure(app)).toContain('instead of application/problem+json');
});

test('negative control: a sentence for programmers is caught', async () => {
  const { app } = build();
  app.setErrorHandler((_error, _request, reply) =>
    reply
      .code(422)
      .type('application/problem+json')
      .send({ status: 422, code: 'refused', title: 'Refused', errors: [{ message: 'expected object' }] }),
  );
  expect(await failure(app)).toContain('a sentence for programmers, not for parents: object');
});

test('negative control: an app that limits the rate says what to switch off', async () => {
  const { app } = build();
  app.addHook('onRequest', async (request, reply) =>
    request.url === '/openapi.json' ? undefined : problem(reply, 429, 'rate_limited'),
  );
  expect(await failure(app)).toContain('RATE_LIMIT_PER_MINUTE=0');
});

test('the same seed sends the same requests; it is printed, and taken from FUZZ_SEED', async () => {
  const print = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  process.env['FUZZ_SEED'] = '42';
  try {
    const [first, second] = [build(), build()];
    await fuzzRoutes(first.app, { ...options, runsPerRoute: 30 });
    await fuzzRoutes(second.app, { ...options, runsPerRoute: 30 });
    expect(second.seen).toEqual(first.seen);
    expect(print).toHaveBeenCalledWith('fuzzing /openapi.json: FUZZ_SEED=42');
  } finally {
    delete process.env['FUZZ_SEED'];
    print.mockRestore();
  }
});
