import { runProcess } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { openServiceDirectory } from '@homeroom/coops';
import { openServiceKafka, startConsumers } from '@homeroom/kafka';
import { purgeReceived, runRelay } from '@homeroom/outbox';
import { openServiceDatabase, purgeExpiredRows } from '@homeroom/postgres';
import { openServiceRedis } from '@homeroom/redis';
import { migrations, workerConfig } from './config.ts';
import { consumers, deadLetterConsumer, deadLetterTopics } from './consumers.ts';
import { deleteOldAccountMails } from './account-mails/store.ts';
import { suppressWithoutAddress } from './coordinator-mails/store.ts';
import { suppressHeld } from './deliveries/store.ts';
import { observeDeadLetters } from './dead-letters/observe-dead-letters.ts';
import { openDeliveries } from './open-deliveries.ts';
import { announce } from './streams/announce.ts';
import { announcementChannel } from './streams/sse.ts';

await runProcess({ service: 'notifications', role: 'worker', config: workerConfig }, async (shell) => {
  const { config, logger } = shell;
  const database = await openServiceDatabase(shell, migrations);
  const coops = await openServiceDirectory(shell, database);
  const redis = await openServiceRedis(shell, 'redis-cache', config.REDIS_CACHE_URL);
  const kafka = openServiceKafka(shell);

  const deliveries = openDeliveries(shell, { database, coops });
  observeDeadLetters(shell, database);
  await runRelay(shell, { kafka, topics: Object.values(topics) });

  const channel = announcementChannel(config.TOPIC_PREFIX);
  const options = consumers({
    database,
    coops,
    async onAdded(added) {
      if (added.length > 0) deliveries.wake();
      await announce({ redis, channel, onError: (err) => logger.warn({ err }, 'announcement failed') }, added);
    },
    onAccountMail: () => deliveries.wake(),
  });
  await startConsumers(shell, [
    ...options.map((each) => kafka.consume(each)),
    kafka.consumeRaw(deadLetterConsumer({ database })),
  ]);
  shell.run('dead-letter topics', (signal) =>
    kafka.ensureTopics(
      deadLetterTopics.map((topic) => ({ topic, partitions: 1 })),
      { signal },
    ),
  );
  shell.run('deliveries', (signal) => deliveries.run(signal));
  const purges = {
    'received events': () => purgeReceived(database),
    'account mails': () => deleteOldAccountMails(database),
    'held mails': () => suppressHeld(database, { days: config.MAIL_HOLD_DAYS }),
    'mails without an address': () => suppressWithoutAddress(database, { days: config.MAIL_HOLD_DAYS }),
  };
  shell.run('purge', () => purgeExpiredRows(purges, shell));
  shell.started();
});
