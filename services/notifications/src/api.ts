import { runProcess } from '@homeroom/chassis';
import { openServiceDirectory } from '@homeroom/coops';
import { openServiceDatabase } from '@homeroom/postgres';
import { openServiceRedis } from '@homeroom/redis';
import { openSessions, sessionsEndedChannel } from '@homeroom/sessions';
import { buildApp } from './app.ts';
import { apiConfig, migrations } from './config.ts';
import { observeStreams } from './streams/observe-streams.ts';
import { FanOut } from './streams/fan-out.ts';
import { announcementChannel } from './streams/sse.ts';

await runProcess({ service: 'notifications', role: 'api', config: apiConfig }, async (shell) => {
  const { config, logger, health, metrics } = shell;
  const database = await openServiceDatabase(shell, migrations);
  const coops = await openServiceDirectory(shell, database);
  // what subscribes can send no other command: hence two connections to the instance of sessions
  const [limiter, announcements, endedSessions] = await Promise.all([
    openServiceRedis(shell, 'redis-sessions', config.REDIS_SESSIONS_URL),
    openServiceRedis(shell, 'redis-cache', config.REDIS_CACHE_URL),
    openServiceRedis(shell, 'redis-sessions-ended', config.REDIS_SESSIONS_URL, { watched: false }),
  ]);
  const sessions = openSessions({ redis: limiter });
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
    onEvent: observeStreams(shell, () => fanOut.size()),
  });
  await shell.serve(await buildApp(config, { logger, health, metrics, database, coops, sessions, fanOut, limiter }));
});
