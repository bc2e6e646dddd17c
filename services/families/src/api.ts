import { runProcess } from '@homeroom/chassis';
import { openServiceDirectory } from '@homeroom/coops';
import { openServiceDatabase } from '@homeroom/postgres';
import { openServiceRedis } from '@homeroom/redis';
import { buildApp } from './app.ts';
import { apiConfig, migrations } from './config.ts';

await runProcess({ service: 'families', role: 'api', config: apiConfig }, async (shell) => {
  const { config, logger, health, metrics } = shell;
  const database = await openServiceDatabase(shell, migrations);
  const coops = await openServiceDirectory(shell, database);
  const redis = await openServiceRedis(shell, 'redis-sessions', config.REDIS_SESSIONS_URL);
  await shell.serve(await buildApp(config, { logger, health, metrics, database, coops, redis }));
});
