import { connectRedis, runProcess } from '@homeroom/chassis';
import { buildApp } from './app.ts';
import { apiConfig } from './config.ts';
import { openFamilies } from './open-database.ts';

await runProcess({ service: 'families', role: 'api', config: apiConfig }, async (shell) => {
  const { config, logger, health, metrics } = shell;
  const database = await openFamilies(config, { applicationName: 'families-api', logger, metrics });
  shell.onClose('database', () => database.close());
  const redis = await connectRedis(config.REDIS_SESSIONS_URL, {
    name: 'families-api',
    onError: (error) => logger.warn({ err: error }, 'redis'),
  });
  shell.onClose('redis', () => redis.quit());
  health.check('postgres', (signal) => database.ping(signal));
  // without Redis nobody can sign in, but families can still register
  health.check('redis', () => redis.ping(), { critical: false });
  await shell.serve(await buildApp(config, { logger, health, metrics, database, redis }));
});
