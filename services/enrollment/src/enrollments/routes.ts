import { accepted, decodeCursor, type Metrics, versionTag, type ZodFastify } from '@homeroom/chassis';
import { requireCoop } from '@homeroom/coops';
import type { Database } from '@homeroom/postgres';
import { requireCoordinator, requirePrincipal, type Session } from '@homeroom/sessions';
import type { FastifyReply } from 'fastify';
import { errors } from '../errors.ts';
import { pageText, sendText, versionIn } from '../json-text.ts';
import type { Terms } from '../seats/terms.ts';
import { acceptOffer } from './accept-offer.ts';
import { cancelEnrollment } from './cancel-enrollment.ts';
import { enrollChild, type EnrollDeps } from './enroll-child.ts';
import { findEnrollmentText, listEnrollments, readRoster } from './list-store.ts';
import {
  acceptOperation,
  cancelOperation,
  enrollmentsCursor,
  enrollOperation,
  listOperation,
  readOperation,
  rosterCursor,
  rosterOperation,
} from './schemas.ts';

interface WriteDeps extends Omit<EnrollDeps, 'db'> {
  readonly db: Database;
  readonly terms: Terms;
  readonly metrics: Metrics;
}

interface ReadDeps {
  readonly db: Database;
  readonly cursorSecret: string;
}

export function enrollmentRoutes(app: ZodFastify, deps: WriteDeps & ReadDeps): void {
  writeRoutes(app, deps);
  readRoutes(app, deps);
}

/** A guardian's own family; undefined for a coordinator, who sees all. */
const familyOf = ({ principal }: Session): string | undefined =>
  principal.role === 'guardian' ? principal.familyId : undefined;

/** Aborts when the client disconnects before it has its answer. */
function disconnected(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

function writeRoutes(app: ZodFastify, { db: database, ...deps }: WriteDeps): void {
  const enrollments = deps.metrics.counter('enrollments_total', 'New enrollments by first status', ['status']);

  app.post('/api/enrollments', { schema: enrollOperation }, async (request, reply) => {
    const session = await requirePrincipal(request);
    const { accountId } = session.principal;
    const { familyId, ...wanted } = request.body;
    const own = familyOf(session);
    if (own !== undefined && wanted.override !== undefined) throw errors.problem('forbidden_role');
    // to a guardian, the children of other families do not exist, whichever family is named
    if (own !== undefined && familyId !== undefined && familyId !== own) throw errors.problem('child_not_found');
    const idempotencyKey = request.headers['idempotency-key'];
    const db = database.ofCoop(requireCoop(request).coopId);
    const outcome = await enrollChild(
      { ...deps, db },
      { ...wanted, familyId: own ?? familyId, accountId, idempotencyKey },
      disconnected(reply),
    );
    const enrolled = accepted(errors, outcome);
    enrollments.inc({ status: enrolled.status });
    await session.wrote();
    reply.code(201).header('location', `/api/enrollments/${enrolled.id}`).header('etag', versionTag(enrolled.version));
    return reply.send(enrolled);
  });

  app.post('/api/enrollments/:enrollmentId/accept', { schema: acceptOperation }, async (request, reply) => {
    const session = await requirePrincipal(request);
    const { accountId } = session.principal;
    const { enrollmentId } = request.params;
    const idempotencyKey = request.headers['idempotency-key'];
    const db = database.ofCoop(requireCoop(request).coopId);
    const outcome = await acceptOffer({ db }, { enrollmentId, familyId: familyOf(session), accountId, idempotencyKey });
    const enrolled = accepted(errors, outcome);
    await session.wrote();
    return reply.header('etag', versionTag(enrolled.version)).send(enrolled);
  });

  app.delete('/api/enrollments/:enrollmentId', { schema: cancelOperation }, async (request) => {
    const session = await requirePrincipal(request);
    const { enrollmentId } = request.params;
    const db = database.ofCoop(requireCoop(request).coopId);
    const outcome = await cancelEnrollment({ db, terms: deps.terms }, { enrollmentId, familyId: familyOf(session) });
    const canceled = accepted(errors, outcome);
    await session.wrote();
    return canceled;
  });
}

/** What is read here is of families: no shared cache may store it. */
const sendPrivate = (reply: FastifyReply, text: string): FastifyReply =>
  sendText(reply.header('cache-control', 'private, no-cache'), text);

function readRoutes(app: ZodFastify, { db: database, cursorSecret }: ReadDeps): void {
  app.get('/api/enrollments', { schema: listOperation }, async (request, reply) => {
    const session = await requirePrincipal(request);
    const { cursor, limit, ...filters } = request.query;
    const { coopId } = requireCoop(request);
    const cursorKey = { secret: cursorSecret, coopId };
    const before = decodeCursor(cursor, enrollmentsCursor, cursorKey)?.id;
    const rows = await database
      .ofCoop(coopId)
      .read(session.freshness, (reader) =>
        listEnrollments(reader, { ...filters, ofFamily: familyOf(session), before, limit: limit + 1 }),
      );
    return sendPrivate(reply, pageText(rows, { limit, cursorOf: ({ id }) => ({ id }), cursorKey }));
  });

  app.get('/api/enrollments/:enrollmentId', { schema: readOperation }, async (request, reply) => {
    const session = await requirePrincipal(request);
    const db = database.ofCoop(requireCoop(request).coopId);
    const wanted = { id: request.params.enrollmentId, familyId: familyOf(session) };
    const text =
      (await db.read(session.freshness, (reader) => findEnrollmentText(reader, wanted))) ??
      // another session may have created it a moment ago: the primary may have what the replica does not
      (await findEnrollmentText(db, wanted));
    if (text === undefined) throw errors.problem('enrollment_not_found');
    return sendPrivate(reply.header('etag', versionTag(versionIn(text))), text);
  });

  app.get('/api/classes/:classId/roster', { schema: rosterOperation }, async (request, reply) => {
    const session = await requireCoordinator(request);
    const { cursor, limit } = request.query;
    const { classId } = request.params;
    const { coopId } = requireCoop(request);
    const cursorKey = { secret: cursorSecret, coopId };
    const after = decodeCursor(cursor, rosterCursor, cursorKey);
    const { exists, rows } = await database
      .ofCoop(coopId)
      .read(session.freshness, (reader) => readRoster(reader, { classId, after, limit: limit + 1 }));
    if (!exists) throw errors.problem('class_not_found');
    const cursorOf = ({ number, enrollmentId }: (typeof rows)[number]): object => ({ number, enrollmentId });
    return sendPrivate(reply, pageText(rows, { limit, cursorOf, cursorKey }));
  });
}
