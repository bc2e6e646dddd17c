import { runProcess } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { openServiceDirectory } from '@homeroom/coops';
import { observeImports, purgeImports, runImports } from '@homeroom/csv';
import { openServiceKafka } from '@homeroom/kafka';
import { runRelay } from '@homeroom/outbox';
import { openServiceDatabase, purgeExpiredRows, purgeIdempotencyKeys } from '@homeroom/postgres';
import { deleteExpiredTokens } from './accounts/store.ts';
import { migrations, workerConfig } from './config.ts';
import { openPasswords } from './credentials/passwords.ts';
import { importRosters } from './roster/import-rosters.ts';

await runProcess({ service: 'families', role: 'worker', config: workerConfig }, async (shell) => {
  const { config } = shell;
  const database = await openServiceDatabase(shell, migrations);
  await openServiceDirectory(shell, database);
  const kafka = openServiceKafka(shell);
  await runRelay(shell, { kafka, topics: [topics.coop, topics.family, topics.account] });
  // without a secret: that is for comparing requests, which a worker has none of
  const passwords = openPasswords({ secret: '', concurrent: 2, queued: 2 });
  const imports = importRosters({ database, passwords }, config.ACCOUNT_TOKEN_SECRET);
  const importing = { ...imports, leaseMs: config.IMPORT_LEASE_MS, pollMs: config.IMPORT_POLL_MS };
  shell.run('imports', (signal) => runImports({ ...importing, onEvent: observeImports(shell) }, signal));
  const purges = {
    'idempotency keys': () => purgeIdempotencyKeys(database),
    'import jobs': () => purgeImports(database),
    'account tokens': () => deleteExpiredTokens(database),
  };
  shell.run('purge', () => purgeExpiredRows(purges, shell));
  shell.started();
});
