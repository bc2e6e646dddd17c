import { runProcess } from '@homeroom/chassis';
import { openServiceDatabase } from '@homeroom/postgres';
import { connectRedis } from '@homeroom/redis';
import { buildApp } from './app.ts';
import { openClassCache } from './classes/open-class-cache.ts';
import { apiConfig, migrations } from './config.ts';

await runProcess({ service: 'enrollment', role: 'api', config: apiConfig }, async (shell) => {
  const { config, logger, health, metrics } = shell;
  const database = await openServiceDatabase(shell, migrations);
  const [redis, cacheRedis] = await Promise.all([
    connectRedis(config.REDIS_SESSIONS_URL, {
      name: shell.name,
      onError: (error) => logger.warn({ err: error }, 'sessions redis error'),
    }),
    connectRedis(config.REDIS_CACHE_URL, {
      name: shell.name,
      onError: (error) => logger.warn({ err: error }, 'cache redis error'),
    }),
  ]);
  // not quit(): that is a command, and fails while Redis is unavailable
  shell.onClose('redis', async () => {
    redis.disconnect();
    cacheRedis.disconnect();
  });
  const classes = openClassCache({
    redis: cacheRedis,
    l1TtlMs: config.CLASS_L1_TTL_MS,
    l2TtlSeconds: config.CLASS_L2_TTL_SECONDS,
    logger,
    metrics,
  });
  shell.onClose('class cache', () => classes.close());
  // without sessions nobody can enroll, but everyone can read the catalog
  health.check('redis-sessions', () => redis.ping(), { critical: false });
  health.check('redis-cache', () => cacheRedis.ping(), { critical: false });
  await shell.serve(await buildApp(config, { logger, health, metrics, database, classes, redis }));
});
