import { runProcess } from '@homeroom/chassis';
import { openServiceDatabase } from '@homeroom/postgres';
import { connectRedis } from '@homeroom/redis';
import { openSessions, sessionsEndedChannel } from '@homeroom/sessions';
import { buildApp } from './app.ts';
import { apiConfig, migrations } from './config.ts';
import { observeStreams } from './streams/observe-streams.ts';
import { FanOut } from './streams/fan-out.ts';
import { announcementChannel } from './streams/sse.ts';

await runProcess({ service: 'notifications', role: 'api', config: apiConfig }, async (shell) => {
  const { config, logger, health, metrics } = shell;
  const database = await openServiceDatabase(shell, migrations);
  const onError = (error: Error): void => logger.warn({ err: error }, 'redis');
  const sessionsRedis = await connectRedis(config.REDIS_SESSIONS_URL, { name: shell.name, onError });
  // not quit(): while Redis is away that fails, and with it the stop
  shell.onClose('sessions', async () => sessionsRedis.disconnect());
  const announcements = await connectRedis(config.REDIS_CACHE_URL, { name: 'notifications-streams', onError });
  shell.onClose('announcements', async () => announcements.disconnect());
  const endedSessions = await connectRedis(config.REDIS_SESSIONS_URL, { name: 'notifications-sessions', onError });
  shell.onClose('ended sessions', async () => endedSessions.disconnect());
  const sessions = openSessions({ redis: sessionsRedis });

  const fanOut: FanOut = new FanOut({
    database,
    redis: announcements,
    channel: announcementChannel(config.TOPIC_PREFIX),
    sessions,
    sessionsRedis: endedSessions,
    sessionsChannel: sessionsEndedChannel(),
    maxStreams: config.MAX_STREAMS,
    maxStreamsPerAccount: config.MAX_STREAMS_PER_ACCOUNT,
    heartbeatMs: config.STREAM_HEARTBEAT_MS,
    maxAgeMs: config.STREAM_MAX_AGE_MS,
    onEvent: observeStreams({ logger, metrics, size: () => fanOut.size() }),
  });
  // without the one nobody is known, without the other streams are late by a heartbeat: both heal by themselves
  health.check('sessions', () => sessionsRedis.ping(), { critical: false });
  health.check('announcements', () => announcements.ping(), { critical: false });
  await shell.serve(
    await buildApp(config, { logger, health, metrics, database, sessions, fanOut, limiter: sessionsRedis }),
  );
});
