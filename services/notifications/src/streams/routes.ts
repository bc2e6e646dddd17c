import type { ZodFastify } from '@homeroom/chassis';
import { requireCoop } from '@homeroom/coops';
import { requirePrincipal } from '@homeroom/sessions';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { inboxOf } from '../notifications/routes.ts';
import type { FanOut } from './fan-out.ts';
import { nothingYet } from './sse.ts';

const eventId = z.union([z.uuid(), z.literal(nothingYet)]);

/** Sent in pieces, described as text. */
const events = z.custom<Readable>().meta({ type: 'string' });

export function streamRoutes(app: ZodFastify, fanOut: FanOut): void {
  // before the server waits for responses in progress: these would never end by themselves
  app.addHook('preClose', async () => fanOut.close());

  app.get(
    '/api/notifications/stream',
    {
      // a HEAD would open a stream without a reader
      exposeHeadRoute: false,
      config: { stream: true },
      schema: {
        tags: ['notifications'],
        summary: 'Your inbox as it grows (text/event-stream)',
        headers: z.looseObject({
          'last-event-id': z
            .string()
            .optional()
            .describe('The `id` of the last event seen: the stream resumes after it'),
        }),
        response: { 200: { description: 'The stream', content: { 'text/event-stream': { schema: events } } } },
        problems: ['unauthenticated', 'too_many_streams', 'streams_full'],
        description:
          'Events: `open` (unreadCount), `notification` (as in the list), `close` (reconnect; after the reason `signed-out` that is answered with 401). `Last-Event-ID` resumes without a gap. At least once: a client drops an id that it has seen.',
      },
    },
    async (request, reply) => {
      const session = await requirePrincipal(request);
      // an unknown id is not refused: EventSource would stop reconnecting
      const lastEventId = eventId.safeParse(request.headers['last-event-id']).data;
      const { coopId } = requireCoop(request);
      const reader = {
        coopId,
        audience: inboxOf(session),
        accountId: session.principal.accountId,
        token: session.token,
      };
      const stream = await fanOut.open({ ...reader, lastEventId });
      void reply.headers({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      return reply.send(stream.output);
    },
  );
}
