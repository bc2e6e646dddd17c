import { runProcess } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { openServiceDirectory } from '@homeroom/coops';
import { openServiceKafka } from '@homeroom/kafka';
import { runRelay } from '@homeroom/outbox';
import { openServiceDatabase, purgeExpiredRows, purgeIdempotencyKeys } from '@homeroom/postgres';
import { deleteExpiredTokens } from './accounts/store.ts';
import { migrations, workerConfig } from './config.ts';

await runProcess({ service: 'families', role: 'worker', config: workerConfig }, async (shell) => {
  const database = await openServiceDatabase(shell, migrations);
  await openServiceDirectory(shell, database);
  const kafka = openServiceKafka(shell);
  await runRelay(shell, { kafka, topics: [topics.coop, topics.family, topics.account] });
  const purges = {
    'idempotency keys': () => purgeIdempotencyKeys(database),
    'account tokens': () => deleteExpiredTokens(database),
  };
  shell.run('purge', () => purgeExpiredRows(purges, shell));
  shell.started();
});
