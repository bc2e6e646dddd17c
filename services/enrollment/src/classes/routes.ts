import {
  decodeCursor,
  encodeCursor,
  idempotencyHeaders,
  ifMatchHeaders,
  versionTag,
  wantedVersions,
  type ZodFastify,
} from '@homeroom/chassis';
import { UnreadableCsvError } from '@homeroom/csv';
import { once } from '@homeroom/postgres';
import { requireCoordinator, type Freshness } from '@homeroom/sessions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../app.ts';
import { termsOf } from '../enrollments/terms.ts';
import { errors } from '../errors.ts';
import { changeClass } from './change-class.ts';
import { createClass } from './create-class.ts';
import { importClasses } from './import-classes.ts';
import {
  classList,
  classParams,
  classPatch,
  classView,
  importQuery,
  importReport,
  newClass,
  searchCursor,
  searchQuery,
  writtenClass,
} from './schemas.ts';
import { findClassText, searchClasses, versionIn } from './store.ts';

const tags = ['classes'];
const importLimitBytes = 2 * 1024 * 1024;

/** Browsers ask again each time, which a 304 answers; a CDN may answer everyone for two seconds. */
const publicFor2s = 'public, max-age=0, s-maxage=2, must-revalidate';

/** JSON that Postgres wrote goes out as it is. */
const sendText = (reply: FastifyReply, text: string): FastifyReply =>
  reply.header('content-type', 'application/json; charset=utf-8').send(text);

export function classRoutes(app: ZodFastify, { config, database, classes }: Deps): void {
  app.get(
    '/api/classes',
    { schema: { tags, summary: 'Search the catalogue', querystring: searchQuery, response: { 200: classList } } },
    async (request, reply) => {
      const { cursor, limit, ...search } = request.query;
      const after = cursor === undefined ? undefined : decodeCursor(cursor, searchCursor, config.CURSOR_SECRET);
      const rows = await database.read(await freshnessOf(request), (db) =>
        searchClasses(db, { ...search, after, limit: limit + 1 }),
      );
      const items = rows.slice(0, limit);
      const last = rows.length > limit ? items.at(-1) : undefined;
      const next =
        last === undefined
          ? ''
          : `,"nextCursor":"${encodeCursor({ title: last.title, id: last.id }, config.CURSOR_SECRET)}"`;
      reply.header('cache-control', request.headers.cookie === undefined ? publicFor2s : 'private, no-cache');
      return sendText(reply, `{"items":[${items.map(({ text }) => text).join(',')}]${next}}`);
    },
  );

  app.get(
    '/api/classes/:classId',
    {
      schema: {
        tags,
        summary: 'Read a class and how many seats are left',
        params: classParams,
        response: { 200: classView },
        problems: ['class_not_found'],
      },
    },
    async (request, reply) => {
      const { classId } = request.params;
      // from the primary: a replica that lags would fill the cache with what an event has just made it forget
      const text = classes.peek(classId) ?? (await classes.get(classId, () => findClassText(database, classId)));
      if (text === undefined) throw errors.problem('class_not_found');
      reply.header('cache-control', publicFor2s).header('etag', versionTag(versionIn(text)));
      return sendText(reply, text);
    },
  );

  app.post(
    '/api/classes',
    {
      schema: {
        tags,
        summary: 'Open a class (coordinator)',
        headers: idempotencyHeaders,
        body: newClass,
        response: { 201: writtenClass },
        sends: ['etag', 'location'],
        problems: ['unauthenticated', 'forbidden_role', 'class_exists'],
      },
    },
    async (request, reply) => {
      const session = await requireCoordinator(request);
      const { timeZone = config.TIME_ZONE, ...details } = request.body;
      const claim = {
        principal: session.principal.accountId,
        key: request.headers['idempotency-key'],
        request: ['POST', '/api/classes', request.body],
      } as const;
      const created = await database.transaction((trx) =>
        once(trx, claim, () => createClass(trx, { ...details, timeZone })),
      );
      await session.wrote();
      reply.code(201).header('location', `/api/classes/${created.id}`).header('etag', versionTag(created.version));
      return reply.send(created);
    },
  );

  app.patch(
    '/api/classes/:classId',
    {
      schema: {
        tags,
        summary: 'Change a class (coordinator)',
        params: classParams,
        headers: ifMatchHeaders,
        body: classPatch,
        response: { 200: writtenClass },
        sends: ['etag'],
        problems: [
          'unauthenticated',
          'forbidden_role',
          'class_not_found',
          'class_exists',
          'capacity_below_taken',
          'currency_in_use',
        ],
      },
    },
    async (request, reply) => {
      const session = await requireCoordinator(request);
      const { classId } = request.params;
      const wanted = wantedVersions(request.headers['if-match']);
      const changed = await database.transaction((trx) =>
        changeClass(trx, classId, request.body, (version) => wanted?.includes(version) ?? true, termsOf(config)),
      );
      await Promise.all([session.wrote(), classes.invalidate(classId)]);
      return reply.header('etag', versionTag(changed.version)).send(changed);
    },
  );

  void app.register(async (scope: ZodFastify) => {
    scope.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: importLimitBytes }, (_request, body, done) =>
      done(null, body),
    );
    scope.post(
      '/api/classes/import',
      {
        bodyLimit: importLimitBytes,
        schema: {
          tags,
          receives: { 'text/csv': z.string() },
          summary: 'Import a timetable (coordinator): good rows are taken, bad ones reported, twice changes nothing',
          querystring: importQuery,
          response: { 200: importReport },
          problems: ['unauthenticated', 'forbidden_role', 'unreadable_csv'],
        },
      },
      async (request) => {
        const session = await requireCoordinator(request);
        if (!Buffer.isBuffer(request.body)) throw errors.problem('unsupported_media_type', 'send text/csv');
        const { preview } = request.query;
        const timetable = { bytes: request.body, timeZone: config.TIME_ZONE, preview };
        const { report, changed } = await importClasses(database, timetable).catch(asProblem);
        if (!preview) await Promise.all([session.wrote(), ...changed.map((id) => classes.invalidate(id))]);
        return report;
      },
    );
  });
}

function asProblem(error: unknown): never {
  throw error instanceof UnreadableCsvError ? errors.problem('unreadable_csv', error.message) : error;
}

/** The catalogue is for everyone: without sessions nobody is known to have just written, so the primary answers. */
async function freshnessOf(request: FastifyRequest): Promise<Freshness | undefined> {
  try {
    return (await request.session())?.freshness;
  } catch (error) {
    request.log.warn({ err: error }, 'the catalogue is read without sessions');
    return { mark: 'primary', advance: () => Promise.resolve() };
  }
}
