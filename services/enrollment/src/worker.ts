import { runProcess } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { type ConsumeOptions, observeKafka, openKafka } from '@homeroom/kafka';
import { createRelay, purgeReceived, observeRelay } from '@homeroom/outbox';
import { purgeIdempotencyKeys, openServiceDatabase, purgeExpiredRows } from '@homeroom/postgres';
import { connectRedis } from '@homeroom/redis';
import { openClassCache } from './classes/open-class-cache.ts';
import { migrations, workerConfig } from './config.ts';
import { cacheConsumer, familyConsumer } from './consumers.ts';
import { collectCharges } from './payments/collect-charges.ts';
import { termsOf } from './enrollments/terms.ts';
import { observePayments } from './payments/observe-payments.ts';
import { openPaymentProvider } from './payments/provider.ts';
import { watchDeadlines } from './payments/watch-deadlines.ts';

await runProcess({ service: 'enrollment', role: 'worker', config: workerConfig }, async (shell) => {
  const { config, logger, health, metrics, signal } = shell;
  const observed = { logger, metrics };
  const database = await openServiceDatabase(shell, migrations);
  const redis = await connectRedis(config.REDIS_CACHE_URL, {
    name: shell.name,
    onError: (error) => logger.warn({ err: error }, 'redis for the cache'),
  });
  // not quit(): that is a command, and fails while Redis is away
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
  // the outbox keeps what cannot be published: a broker that is away is no reason to restart or replace this process
  health.check('kafka', (probe) => kafka.ping(probe), { critical: false });
  health.check('redis-cache', () => redis.ping(), { critical: false });

  const consume = async (options: ConsumeOptions): Promise<void> => {
    const consumer = await kafka.consume(options);
    shell.onClose(`consumer ${options.group}`, () => consumer.stop());
    health.check(
      `consumer-${options.group}`,
      async () => {
        if (!consumer.healthy()) throw new Error('it shows no sign of life');
      },
      { critical: false },
    );
  };
  await consume(familyConsumer(database));
  await consume(cacheConsumer(classes));

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
    // anything but being stopped before it began is a bug, and ends the process
    if (!signal.aborted) throw error;
    logger.debug({ err: error }, 'stopped early');
  });
  shell.onClose('relay and collector', () => working);
  shell.started();
});
