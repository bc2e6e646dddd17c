import { accepted, decodeCursor, page, versionTag, wantedVersions, type ZodFastify } from '@homeroom/chassis';
import { requireCoop, type Coop } from '@homeroom/coops';
import type { Database } from '@homeroom/postgres';
import { requireOperator } from '@homeroom/sessions';
import type { FastifyReply } from 'fastify';
import { errors } from '../errors.ts';
import { changeCoop, type CoopChange } from './change-coop.ts';
import { configured, operatorsCoopId, resumed, suspended } from './coop.ts';
import { openCoop } from './open-coop.ts';
import {
  configureOperation,
  coopsCursor,
  listOperation,
  openOperation,
  ownOperation,
  present,
  presentOwn,
  readOperation,
  resumeOperation,
  suspendOperation,
} from './schemas.ts';
import { findCoop, listCoops } from './store.ts';

interface CoopDeps {
  readonly database: Database;
  readonly cursorSecret: string;
}

const config = { withoutCoop: true };
const answer = (reply: FastifyReply, coop: Coop) => reply.header('etag', versionTag(coop.version)).send(present(coop));

export function coopRoutes(app: ZodFastify, { database, cursorSecret }: CoopDeps): void {
  const cursorKey = { secret: cursorSecret, coopId: operatorsCoopId };

  app.get('/api/coop', { schema: ownOperation }, async (request, reply) => {
    void reply.header('cache-control', 'public, max-age=60');
    return presentOwn(requireCoop(request));
  });

  app.get('/api/coops', { schema: listOperation, config }, async (request) => {
    const { freshness } = await requireOperator(request);
    const { limit, cursor } = request.query;
    const after = decodeCursor(cursor, coopsCursor, cursorKey)?.coopsAfter ?? '';
    const coops = await database.read(freshness, (db) => listCoops(db, { after, limit: limit + 1 }));
    const { items, ...next } = page(coops, { limit, cursorOf: ({ slug }) => ({ coopsAfter: slug }), cursorKey });
    return { items: items.map(present), ...next };
  });

  app.post('/api/coops', { schema: openOperation, config }, async (request, reply) => {
    const session = await requireOperator(request);
    const operatorId = session.principal.accountId;
    const idempotencyKey = request.headers['idempotency-key'];
    const coop = accepted(errors, await openCoop({ database }, { given: request.body, operatorId, idempotencyKey }));
    await session.wrote();
    void reply.code(201).header('location', `/api/coops/${coop.slug}`);
    return answer(reply, coop);
  });

  app.get('/api/coops/:slug', { schema: readOperation, config }, async (request, reply) => {
    const { freshness } = await requireOperator(request);
    const coop = await database.read(freshness, (db) => findCoop(db, request.params.slug));
    if (coop === undefined) throw errors.problem('coop_not_found');
    return answer(reply, coop);
  });

  app.patch('/api/coops/:slug', { schema: configureOperation, config }, async (request, reply) => {
    const versions = wantedVersions(request.headers['if-match']);
    const session = await requireOperator(request);
    const decide: CoopChange['decide'] = (coop) => configured(coop, request.body);
    const change = { slug: request.params.slug, verb: 'configured', decide, versions } as const;
    const coop = accepted(errors, await changeCoop({ database }, change));
    await session.wrote();
    return answer(reply, coop);
  });

  const switches = [
    ['suspend', suspendOperation, { verb: 'suspended', decide: suspended }],
    ['resume', resumeOperation, { verb: 'resumed', decide: resumed }],
  ] as const;
  for (const [path, schema, change] of switches)
    app.post(`/api/coops/:slug/${path}`, { schema, config }, async (request, reply) => {
      const session = await requireOperator(request);
      const coop = accepted(errors, await changeCoop({ database }, { slug: request.params.slug, ...change }));
      await session.wrote();
      return answer(reply, coop);
    });
}
