import { createServer, type ProcessConfig, type Shell, type ZodFastify } from '@homeroom/chassis';
import { coopsPlugin, type Directory } from '@homeroom/coops';
import { isUnavailable, type Database } from '@homeroom/postgres';
import type { Redis } from '@homeroom/redis';
import { sessionsPlugin, type SessionStore } from '@homeroom/sessions';
import { calendarRoutes } from './calendars/routes.ts';
import { coopOrigin } from './coops/coop-origin.ts';
import { deadLetterRoutes } from './dead-letters/routes.ts';
import { errors } from './errors.ts';
import { notificationRoutes } from './notifications/routes.ts';
import { preferencesRoutes } from './preferences/routes.ts';
import type { FanOut } from './streams/fan-out.ts';
import { streamRoutes } from './streams/routes.ts';

export interface AppDependencies extends Pick<Shell, 'logger' | 'health' | 'metrics'> {
  readonly database: Database;
  readonly coops: Directory;
  readonly sessions: SessionStore;
  readonly fanOut: FanOut;
  /** For the rate limit; without it each process counts alone. */
  readonly limiter?: Redis | undefined;
}

/** Everything that answers requests, without listening. */
export async function buildApp(
  config: ProcessConfig & { readonly CURSOR_SECRET: string },
  { database, coops, sessions, fanOut, limiter, ...shell }: AppDependencies,
): Promise<ZodFastify> {
  const app = await createServer({
    service: 'notifications',
    config,
    ...shell,
    errors,
    limiter,
    unavailable: isUnavailable,
    openapi: {
      title: 'Notifications',
      description:
        'What a family hears: inbox, live stream, mail preferences, calendar. For coordinators: dead letters.',
      version: '1.0.0',
    },
  });
  await app.register(coopsPlugin, { directory: coops });
  await app.register(sessionsPlugin, {
    store: sessions,
    service: 'notifications',
    coopOf: (request) => request.coop?.coopId,
    secure: config.PUBLIC_ORIGIN.startsWith('https:'),
  });
  const cursorSecret = config.CURSOR_SECRET;
  notificationRoutes(app, { database, cursorSecret });
  streamRoutes(app, fanOut);
  preferencesRoutes(app, { database, originOf: (coop) => coopOrigin(coops, coop, config.PUBLIC_ORIGIN) });
  calendarRoutes(app, { database });
  deadLetterRoutes(app, { database, cursorSecret });
  return app;
}
