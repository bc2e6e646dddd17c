import { runProcess } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { observeKafka, openKafka } from '@homeroom/kafka';
import { createRelay, observeRelay } from '@homeroom/outbox';
import { purgeIdempotencyKeys, openServiceDatabase, purgeExpiredRows } from '@homeroom/postgres';
import { deleteExpiredTokens } from './accounts/store.ts';
import { migrations, workerConfig } from './config.ts';

await runProcess({ service: 'families', role: 'worker', config: workerConfig }, async (shell) => {
  const { config, logger, health, metrics, signal } = shell;
  const database = await openServiceDatabase(shell, migrations);
  const kafka = openKafka({
    brokers: config.KAFKA_BROKERS,
    clientId: shell.name,
    topicPrefix: config.TOPIC_PREFIX,
    onEvent: observeKafka({ logger, metrics }),
  });
  shell.onClose('kafka', () => kafka.close());
  // the outbox keeps what cannot be published: a broker that is away is no reason to restart or replace this process
  health.check('kafka', (probe) => kafka.ping(probe), { critical: false });

  const relay = createRelay({
    url: config.DATABASE_URL,
    producer: await kafka.producer(),
    lockName: 'families',
    onEvent: observeRelay({ logger, metrics }),
  });
  const working = Promise.all([
    kafka
      .ensureTopics(
        [topics.family, topics.account].map((topic) => ({ topic, partitions: 6 })),
        { signal },
      )
      .then(() => relay.run(signal)),
    purgeExpiredRows(
      {
        'idempotency keys': () => purgeIdempotencyKeys(database),
        'account tokens': () => deleteExpiredTokens(database),
      },
      { signal, logger },
    ),
  ]).catch((error: unknown) => {
    // anything but being stopped before it began is a bug, and ends the process
    if (!signal.aborted) throw error;
    logger.debug({ err: error }, 'stopped early');
  });
  shell.onClose('relay', () => working);
  shell.started();
});
