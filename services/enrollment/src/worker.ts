import { runProcess } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { observeKafka, openKafka } from '@homeroom/kafka';
import { createRelay, observeRelay, purgeReceived } from '@homeroom/outbox';
import { openServiceDatabase, purgeExpiredRows, purgeIdempotencyKeys } from '@homeroom/postgres';
import { connectRedis } from '@homeroom/redis';
import { openClassCache } from './classes/open-class-cache.ts';
import { migrations, workerConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { collectCharges } from './payments/collect-charges.ts';
import { observePayments } from './payments/observe-payments.ts';
import { openPaymentProvider } from './payments/provider.ts';
import { watchDeadlines } from './payments/watch-deadlines.ts';
import { termsOf } from './seats/terms.ts';

await runProcess({ service: 'enrollment', role: 'worker', config: workerConfig }, async (shell) => {
  const { config, logger, health, metrics, signal } = shell;
  const observed = { logger, metrics };
  const database = await openServiceDatabase(shell, migrations);
  const redis = await connectRedis(config.REDIS_CACHE_URL, {
    name: shell.name,
    onError: (error) => logger.warn({ err: error }, 'cache redis error'),
  });
  // not quit(): that is a command, and fails while Redis is unavailable
  shell.onClose('redis', async () => redis.disconnect());
  const classes = openClassCache({
    redis,
    l1TtlMs: config.CLASS_L1_TTL_MS,
    l2TtlSeconds: config.CLASS_L2_TTL_SECONDS,
    logger,
    metrics,
  });
  shell.onClose('class cache', () => classes.close());
  const kafka = openKafka({
    brokers: config.KAFKA_BROKERS,
    clientId: shell.name,
    topicPrefix: config.TOPIC_PREFIX,
    onEvent: observeKafka(observed),
  });
  shell.onClose('kafka', () => kafka.close());
  // the outbox stores what cannot be published: a broker that is down is no reason to restart this process
  health.check('kafka', (probe) => kafka.ping(probe), { critical: false });
  health.check('redis-cache', () => redis.ping(), { critical: false });

  for (const options of consumers({ db: database, classes })) {
    const consumer = await kafka.consume(options);
    shell.onClose(`consumer ${options.group}`, () => consumer.stop());
    health.check(
      `consumer-${options.group}`,
      async () => {
        if (!consumer.healthy()) throw new Error('consumer has stopped polling');
      },
      { critical: false },
    );
  }

  const { onCollect, onCall, onDeadline } = observePayments(observed);
  const terms = termsOf(config);
  const concurrent = config.PAYMENT_CONCURRENCY;
  const provider = openPaymentProvider({
    url: config.PAYMENT_URL,
    timeoutMs: config.PAYMENT_TIMEOUT_MS,
    openMs: config.PAYMENT_BREAKER_OPEN_MS,
    concurrent,
    onEvent: onCall,
  });
  const relay = createRelay({
    url: config.DATABASE_URL,
    producer: await kafka.producer(),
    lockName: 'enrollment',
    onEvent: observeRelay(observed),
  });
  const owned = [topics.family, topics.class, topics.enrollment].map((topic) => ({ topic, partitions: 6 }));
  const working = Promise.all([
    kafka.ensureTopics(owned, { signal }).then(() => relay.run(signal)),
    collectCharges(
      {
        db: database,
        provider,
        terms,
        concurrent,
        leaseMs: config.PAYMENT_LEASE_MS,
        pollMs: config.PAYMENT_POLL_MS,
        onEvent: onCollect,
      },
      signal,
    ),
    watchDeadlines(
      {
        db: database,
        provider,
        terms,
        noticeMs: config.PAYMENT_DELAY_NOTICE_MS,
        pollMs: config.DEADLINES_POLL_MS,
        onEvent: onDeadline,
      },
      signal,
    ),
    purgeExpiredRows(
      { 'idempotency keys': () => purgeIdempotencyKeys(database), 'received events': () => purgeReceived(database) },
      { signal, logger },
    ),
  ]).catch((error: unknown) => {
    // anything but a stop during startup is a bug, and ends the process
    if (!signal.aborted) throw error;
    logger.debug({ err: error }, 'stopped during startup');
  });
  shell.onClose('relay and collector', () => working);
  shell.started();
});
