import { accessMatrix, createTestDatabase, type AccessWorld, type TestDatabase } from '@homeroom/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import pg from 'pg';

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase({
    migrations: [`create table notes (family text, note text); create table outbox (payload text);`],
  });
  pool = new pg.Pool({ connectionString: database.url, max: 1 });
  // the database is dropped before the pool's connection is closed: `end` does not wait for it
  pool.on('error', () => undefined);
});
beforeEach(() => pool.query(`truncate notes, outbox`));
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const cookies = {
  guardian: 'homeroom=okafor',
  stranger: 'homeroom=lindqvist',
  coordinator: 'homeroom=desk',
  operator: 'homeroom=operator',
  signedOut: 'homeroom=signed-out',
  expired: 'homeroom=expired',
};
const refuse = (reply: FastifyReply, status: number, code: string, detail = ''): FastifyReply =>
  reply.code(status).type('application/problem+json').send(JSON.stringify({ status, code, detail }));

type Leak = 'none' | 'detail' | 'header' | 'outbox' | 'signed out' | 'read';

/** A service of one note, right except for the planted leak. */
function build(leak: Leak = 'none'): FastifyInstance {
  const app = fastify();
  app.get('/openapi.json', () => ({
    openapi: '3.1.0',
    paths: { '/note': { get: {}, put: {} }, '/events': { get: {} } },
  }));
  const whoAsks = (cookie = ''): string | undefined =>
    [cookies.guardian, cookies.stranger, cookies.coordinator, ...(leak === 'signed out' ? [cookies.signedOut] : [])]
      .find((one) => one === cookie)
      ?.split('=')[1];
  const mayUse = (who: string): boolean => who === 'okafor' || who === 'desk' || who === 'signed-out';
  app.get('/note', async ({ headers }, reply) => {
    const who = whoAsks(headers.cookie);
    if (who === undefined) return refuse(reply, 401, 'unauthenticated');
    if (leak === 'header') reply.header('etag', '"Maya-1"');
    if (leak === 'read') await pool.query(`insert into outbox values ('read')`);
    if (!mayUse(who)) return refuse(reply, 404, 'not_found', leak === 'detail' ? 'belongs to Maya' : '');
    return { note: 'Maya' };
  });
  app.put('/note', async ({ headers }, reply) => {
    if (leak === 'outbox') await pool.query(`insert into outbox values ('written')`);
    const who = whoAsks(headers.cookie);
    if (who === undefined) return refuse(reply, 401, 'unauthenticated');
    if (!mayUse(who)) return refuse(reply, 404, 'not_found');
    await pool.query(`insert into notes values ('okafor', 'Maya')`);
    return reply.code(204).send();
  });
  app.get('/events', ({ headers }, reply) => {
    if (whoAsks(headers.cookie) === undefined) return refuse(reply, 401, 'unauthenticated');
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    return reply;
  });
  return app;
}

const answers = {
  unsigned: '401 unauthenticated',
  stranger: '404 not_found',
  coordinator: 200,
  operator: '401 unauthenticated',
} as const;
const matrix = accessMatrix<AccessWorld>(
  {
    'GET /note': { request: () => ({ url: '/note' }), answers: { ...answers, guardian: 200 } },
    'PUT /note': {
      request: () => ({ url: '/note', payload: { note: 'Maya' } }),
      answers: { ...answers, guardian: 204, coordinator: 204 },
    },
    'GET /events': {
      request: () => ({ url: '/events' }),
      answers: {
        unsigned: '401 unauthenticated',
        stranger: 200,
        guardian: 200,
        coordinator: 200,
        operator: '401 unauthenticated',
      },
    },
  },
  {
    'a second look': {
      request: ({ app }) =>
        app
          .inject({ url: '/note', headers: { cookie: cookies.guardian } })
          .then(() => ({ method: 'GET', url: '/note' })),
      answers: { stranger: '404 not_found' },
    },
  },
);

/** The cells of the app with the leak that fail, with the last line of why. */
async function failures(app: FastifyInstance): Promise<string[]> {
  const world: AccessWorld = {
    app,
    rows: async (text) => (await pool.query<object>(text)).rows,
    cookies,
    secrets: { guardian: ['Maya'], stranger: ['Linnea'] },
  };
  const failed: string[] = [];
  for (const cell of matrix.cells) {
    await cell.check(world).catch((error: unknown) => failed.push(String(error).split('\n').at(-1) ?? ''));
  }
  await app.close();
  return [...new Set(failed)];
}

describe('a matrix of route × caller', () => {
  test('has a cell for each of the four callers without a session, and for the others', () => {
    expect(
      matrix.cells.filter(({ route }) => route === 'GET /note').map(({ as, answer }) => `${as}: ${answer}`),
    ).toEqual([
      'nobody: 401 unauthenticated',
      'forged: 401 unauthenticated',
      'signedOut: 401 unauthenticated',
      'expired: 401 unauthenticated',
      'stranger: 404 not_found',
      'coordinator: 200',
      'operator: 401 unauthenticated',
      'guardian: 200',
    ]);
    expect(matrix.cells).toHaveLength(3 * 8 + 1);
  });

  test('finds nothing in an app without a leak', async () => {
    expect(await failures(build())).toEqual([]);
  });

  test.each<[Leak, string]>([
    ['detail', 'reveals “Maya”'],
    ['header', 'reveals “Maya”'],
    ['outbox', 'changed the table outbox'],
    ['read', 'changed the table outbox'],
  ])('finds a planted leak: %s', async (leak, finding) => {
    expect(await failures(build(leak))).toEqual([finding]);
  });

  test('finds a session that outlives its sign-out', async () => {
    expect(await failures(build('signed out'))).toContainEqual(expect.stringContaining('reveals “Maya”'));
  });

  test('requires a row for each route of the document, and an answer for each caller', async () => {
    const app = build();
    await expect(matrix.checkRoutes(app, '/openapi.json')).resolves.toBeUndefined();
    const other = accessMatrix<AccessWorld>({
      'GET /note': {
        request: () => ({ url: '/note' }),
        answers: { unsigned: 401, guardian: 200, coordinator: 200, operator: 401 },
      },
      'GET /removed': { request: () => ({ url: '/removed' }), answers: { ...answers, guardian: 200 } },
    });
    await expect(other.checkRoutes(app, '/openapi.json')).rejects.toThrow(
      [
        'PUT /note is not in the table',
        'GET /events is not in the table',
        'GET /removed is not in /openapi.json',
        'GET /note has no answer for stranger',
      ].join('\n'),
    );
    await app.close();
  });
});
