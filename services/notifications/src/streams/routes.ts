import type { Metrics, ZodFastify } from '@homeroom/chassis';
import { requirePrincipal } from '@homeroom/sessions';
import { z } from 'zod';
import { inboxOf } from '../notifications/routes.ts';
import type { FanOut } from './fan-out.ts';
import { nothingYet } from './sse.ts';

const eventId = z.union([z.uuid(), z.literal(nothingYet)]);

const path = '/api/notifications/stream';

export function streamRoutes(app: ZodFastify, { fanOut, metrics }: { fanOut: FanOut; metrics: Metrics }): void {
  const latency = metrics.histogram(
    'http_request_duration_seconds',
    'Time from the request line to the end of the answer',
    ['method', 'route', 'status_code'],
  );
  // before the server waits for answers in progress: these would never end by themselves
  app.addHook('preClose', async () => fanOut.close());

  app.get(
    path,
    {
      // a HEAD would open a stream that nobody reads
      exposeHeadRoute: false,
      schema: {
        tags: ['notifications'],
        summary: 'Your inbox as it grows (text/event-stream)',
        description:
          'Events: `open` (unreadCount), `notification` (as in the list), `close` (come back). `Last-Event-ID` resumes without a gap. At least once: a client drops an id that it has seen.',
      },
    },
    async (request, reply) => {
      const session = await requirePrincipal(request);
      // an id that is none is no reason to refuse: EventSource would give up for good
      const lastEventId = eventId.safeParse(request.headers['last-event-id']).data;
      const { accountId } = session.principal;
      const stream = await fanOut.open({ audience: inboxOf(session), accountId, lastEventId });
      reply.raw.once('close', () => {
        // the chassis has just measured this answer to its end; how long somebody listened is no latency
        for (const status_code of [200, 499]) latency.remove({ method: 'GET', route: path, status_code });
      });
      void reply.headers({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      return reply.send(stream.output);
    },
  );
}
