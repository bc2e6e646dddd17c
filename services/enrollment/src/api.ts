import { runProcess } from '@homeroom/chassis';
import { openServiceDirectory } from '@homeroom/coops';
import { openServiceDatabase } from '@homeroom/postgres';
import { openServiceRedis } from '@homeroom/redis';
import { buildApp } from './app.ts';
import { openServiceClassCache } from './classes/open-class-cache.ts';
import { apiConfig, migrations } from './config.ts';

await runProcess({ service: 'enrollment', role: 'api', config: apiConfig }, async (shell) => {
  const { config, logger, health, metrics } = shell;
  const database = await openServiceDatabase(shell, migrations);
  const coops = await openServiceDirectory(shell, database);
  const [redis, classes] = await Promise.all([
    openServiceRedis(shell, 'redis-sessions', config.REDIS_SESSIONS_URL),
    openServiceClassCache(shell),
  ]);
  await shell.serve(await buildApp(config, { logger, health, metrics, database, coops, classes, redis }));
});
