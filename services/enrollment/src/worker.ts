import { runProcess } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { openServiceDirectory } from '@homeroom/coops';
import { observeImports, purgeImports, runImports } from '@homeroom/csv';
import { openServiceKafka, startConsumers } from '@homeroom/kafka';
import { purgeReceived, runRelay } from '@homeroom/outbox';
import { openServiceDatabase, purgeExpiredRows, purgeIdempotencyKeys } from '@homeroom/postgres';
import { carryOutJobs } from './class-jobs/carry-out-jobs.ts';
import { observeJobs } from './class-jobs/observe-jobs.ts';
import { openServiceClassCache } from './classes/open-class-cache.ts';
import { migrations, workerConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { collectCharges } from './payments/collect-charges.ts';
import { observePayments } from './payments/observe-payments.ts';
import { openPaymentProvider } from './payments/provider.ts';
import { watchDeadlines } from './payments/watch-deadlines.ts';
import { termsOf } from './seats/terms.ts';
import { importTimetables } from './timetable/import-timetables.ts';

await runProcess({ service: 'enrollment', role: 'worker', config: workerConfig }, async (shell) => {
  const { config } = shell;
  const db = await openServiceDatabase(shell, migrations);
  await openServiceDirectory(shell, db);
  const classes = await openServiceClassCache(shell);
  const kafka = openServiceKafka(shell);
  await startConsumers(
    shell,
    consumers({ db, classes }).map((options) => kafka.consume(options)),
  );
  await runRelay(shell, { kafka, topics: [topics.coop, topics.family, topics.class, topics.enrollment] });

  const { onCollect, onCall, onDeadline } = observePayments(shell);
  const concurrent = config.PAYMENT_CONCURRENCY;
  const provider = openPaymentProvider({
    url: config.PAYMENT_URL,
    timeoutMs: config.PAYMENT_TIMEOUT_MS,
    openMs: config.PAYMENT_BREAKER_OPEN_MS,
    concurrent,
    onEvent: onCall,
  });
  const charging = { db, provider, terms: termsOf(config) };
  const collecting = { concurrent, leaseMs: config.PAYMENT_LEASE_MS, pollMs: config.PAYMENT_POLL_MS };
  const deadlines = { noticeMs: config.PAYMENT_DELAY_NOTICE_MS, pollMs: config.DEADLINES_POLL_MS };
  shell.run('charges', (signal) => collectCharges({ ...charging, ...collecting, onEvent: onCollect }, signal));
  shell.run('deadlines', (signal) => watchDeadlines({ ...charging, ...deadlines, onEvent: onDeadline }, signal));
  const jobs = { db, terms: charging.terms, pollMs: config.DEADLINES_POLL_MS, onEvent: observeJobs(shell) };
  shell.run('class jobs', (signal) => carryOutJobs(jobs, signal));
  const imports = importTimetables({ db, classes, terms: charging.terms, timeZone: config.TIME_ZONE });
  const importing = { ...imports, leaseMs: config.IMPORT_LEASE_MS, pollMs: config.IMPORT_POLL_MS };
  shell.run('imports', (signal) => runImports({ ...importing, onEvent: observeImports(shell) }, signal));
  const purges = {
    'idempotency keys': () => purgeIdempotencyKeys(db),
    'import jobs': () => purgeImports(db),
    'received events': () => purgeReceived(db),
  };
  shell.run('purge', () => purgeExpiredRows(purges, shell));
  shell.started();
});
