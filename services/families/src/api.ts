import { runProcess } from '@homeroom/chassis';
import { openServiceDatabase } from '@homeroom/postgres';
import { connectRedis } from '@homeroom/redis';
import { buildApp } from './app.ts';
import { apiConfig, migrations } from './config.ts';

await runProcess({ service: 'families', role: 'api', config: apiConfig }, async (shell) => {
  const { config, logger, health, metrics } = shell;
  const database = await openServiceDatabase(shell, migrations);
  const redis = await connectRedis(config.REDIS_SESSIONS_URL, {
    name: shell.name,
    onError: (error) => logger.warn({ err: error }, 'redis'),
  });
  // not quit(): while Redis is away that fails, and with it the stop
  shell.onClose('redis', async () => redis.disconnect());
  // without Redis nobody can sign in, but families can still register
  health.check('redis', () => redis.ping(), { critical: false });
  await shell.serve(await buildApp(config, { logger, health, metrics, database, redis }));
});
