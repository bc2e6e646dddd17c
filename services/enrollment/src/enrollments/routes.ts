import { decodeCursor, encodeCursor, idempotencyHeaders, versionTag, type ZodFastify } from '@homeroom/chassis';
import { requireCoordinator, requirePrincipal, type Session } from '@homeroom/sessions';
import type { FastifyReply } from 'fastify';
import type { Deps } from '../app.ts';
import { classParams } from '../classes/schemas.ts';
import { versionIn } from '../classes/store.ts';
import { errors } from '../errors.ts';
import { acceptOffer } from './accept-offer.ts';
import { cancelEnrollment } from './cancel-enrollment.ts';
import { enrollChild } from './enroll-child.ts';
import { findEnrollmentText, listEnrollments, readRoster } from './list-store.ts';
import {
  cancelled,
  enrolled,
  enrollmentDetail,
  enrollmentList,
  enrollmentParams,
  enrollmentsCursor,
  enrollmentsQuery,
  newEnrollment,
  roster,
  rosterCursor,
  rosterQuery,
} from './schemas.ts';
import { termsOf } from './terms.ts';

const tags = ['enrolments'];

/** A guardian's own family; undefined for a coordinator, who sees all. */
const familyOf = ({ principal }: Session): string | undefined =>
  principal.role === 'guardian' ? principal.familyId : undefined;

/** JSON that Postgres wrote goes out as it is; it is of one family, so nobody may keep it. */
const sendPrivate = (reply: FastifyReply, text: string): FastifyReply =>
  reply
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'private, no-cache')
    .send(text);

/** Aborts when the client leaves before it has its answer. */
function leaving(reply: FastifyReply): AbortSignal {
  const left = new AbortController();
  reply.raw.once('close', () => left.abort());
  return left.signal;
}

export function enrollmentRoutes(app: ZodFastify, { config, database, known, arriving, metrics }: Deps): void {
  const enrolments = metrics.counter('enrollments_total', 'Enrolments by what they began as', ['status']);
  const listText = (rows: readonly { text: string }[], next: object | undefined): string => {
    const cursor = next === undefined ? '' : `,"nextCursor":"${encodeCursor(next, config.CURSOR_SECRET)}"`;
    return `{"items":[${rows.map(({ text }) => text).join(',')}]${cursor}}`;
  };

  app.post(
    '/api/enrollments',
    {
      schema: {
        tags,
        summary: 'Take a seat, or a place on the waitlist',
        headers: idempotencyHeaders,
        body: newEnrollment,
        response: { 201: enrolled },
        sends: ['location', 'etag'],
        problems: [
          'unauthenticated',
          'forbidden_role',
          'class_not_found',
          'child_not_found',
          'family_not_ready',
          'already_enrolled',
          'class_closed',
          'class_ended',
          'schedule_conflict',
          'age_out_of_range',
          'seats_contended',
        ],
      },
    },
    async (request, reply) => {
      const session = await requirePrincipal(request);
      const { classId, childId, familyId, override } = request.body;
      const own = familyOf(session);
      if (own !== undefined && override !== undefined) throw errors.problem('forbidden_role');
      // the child of another family does not exist for a guardian, whichever family is named
      if (own !== undefined && familyId !== undefined && familyId !== own) throw errors.problem('child_not_found');
      const made = await enrollChild(
        { db: database, known, arriving },
        {
          classId,
          childId,
          familyId: own ?? familyId,
          override,
          accountId: session.principal.accountId,
          idempotencyKey: request.headers['idempotency-key'],
        },
        leaving(reply),
      );
      enrolments.inc({ status: made.status });
      await session.wrote();
      reply.code(201).header('location', `/api/enrollments/${made.id}`).header('etag', versionTag(made.version));
      return reply.send(made);
    },
  );

  app.get(
    '/api/enrollments',
    {
      schema: {
        tags,
        summary: 'List enrolments, newest first: one’s own, or all for a coordinator',
        querystring: enrollmentsQuery,
        response: { 200: enrollmentList },
        problems: ['unauthenticated'],
      },
    },
    async (request, reply) => {
      const session = await requirePrincipal(request);
      const { cursor, limit, ...filters } = request.query;
      const before =
        cursor === undefined ? undefined : decodeCursor(cursor, enrollmentsCursor, config.CURSOR_SECRET).id;
      const rows = await database.read(session.freshness, (db) =>
        listEnrollments(db, { ...filters, ofFamily: familyOf(session), before, limit: limit + 1 }),
      );
      const items = rows.slice(0, limit);
      const last = rows.length > limit ? items.at(-1) : undefined;
      return sendPrivate(reply, listText(items, last && { id: last.id }));
    },
  );

  app.get(
    '/api/enrollments/:enrollmentId',
    {
      schema: {
        tags,
        summary: 'Read an enrolment and its history',
        params: enrollmentParams,
        response: { 200: enrollmentDetail },
        problems: ['unauthenticated', 'enrollment_not_found'],
      },
    },
    async (request, reply) => {
      const session = await requirePrincipal(request);
      const wanted = { id: request.params.enrollmentId, familyId: familyOf(session) };
      const text =
        (await database.read(session.freshness, (db) => findEnrollmentText(db, wanted))) ??
        // somebody else may have made it a moment ago: what the replica does not know is asked of the primary
        (await findEnrollmentText(database, wanted));
      if (text === undefined) throw errors.problem('enrollment_not_found');
      reply.header('etag', versionTag(versionIn(text)));
      return sendPrivate(reply, text);
    },
  );

  app.delete(
    '/api/enrollments/:enrollmentId',
    {
      schema: {
        tags,
        summary: 'Cancel; the seat goes to whoever waits first',
        params: enrollmentParams,
        response: { 200: cancelled },
        problems: ['unauthenticated', 'enrollment_not_found'],
      },
    },
    async (request) => {
      const session = await requirePrincipal(request);
      const { enrollmentId } = request.params;
      const { id, status, refundCents, currency, noRefund } = await cancelEnrollment(
        database,
        { enrollmentId, familyId: familyOf(session) },
        termsOf(config),
      );
      await session.wrote();
      return { id, status, refundCents, currency, noRefund };
    },
  );

  app.post(
    '/api/enrollments/:enrollmentId/accept',
    {
      schema: {
        tags,
        summary: 'Accept a seat that was offered',
        params: enrollmentParams,
        headers: idempotencyHeaders,
        response: { 200: enrolled },
        sends: ['etag'],
        problems: [
          'unauthenticated',
          'enrollment_not_found',
          'not_offered',
          'offer_expired',
          'class_ended',
          'schedule_conflict',
        ],
      },
    },
    async (request, reply) => {
      const session = await requirePrincipal(request);
      const accepted = await acceptOffer(database, {
        enrollmentId: request.params.enrollmentId,
        familyId: familyOf(session),
        accountId: session.principal.accountId,
        idempotencyKey: request.headers['idempotency-key'],
      });
      await session.wrote();
      return reply.header('etag', versionTag(accepted.version)).send(accepted);
    },
  );

  app.get(
    '/api/classes/:classId/roster',
    {
      schema: {
        tags,
        summary: 'Who is in a class and who waits (coordinator)',
        params: classParams,
        querystring: rosterQuery,
        response: { 200: roster },
        problems: ['unauthenticated', 'forbidden_role', 'class_not_found'],
      },
    },
    async (request, reply) => {
      const session = await requireCoordinator(request);
      const { cursor, limit } = request.query;
      const { classId } = request.params;
      const after = cursor === undefined ? undefined : decodeCursor(cursor, rosterCursor, config.CURSOR_SECRET);
      const { exists, rows } = await database.read(session.freshness, (db) =>
        readRoster(db, { classId, after, limit: limit + 1 }),
      );
      if (!exists) throw errors.problem('class_not_found');
      const items = rows.slice(0, limit);
      const last = rows.length > limit ? items.at(-1) : undefined;
      return sendPrivate(reply, listText(items, last && { number: last.number, enrollmentId: last.enrollmentId }));
    },
  );
}
