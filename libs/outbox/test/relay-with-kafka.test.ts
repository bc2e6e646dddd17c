import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { topics } from '@homeroom/contracts';
import { openKafka, type Kafka } from '@homeroom/kafka';
import { append, receiveOnce } from '@homeroom/outbox';
import { isUnavailable, openDatabase, type Database } from '@homeroom/postgres';
import { createTestDatabase, testKafkaBrokers, testTopicPrefix, waitFor, type TestDatabase } from '@homeroom/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { changed, coopId } from './families.ts';
import { schema } from './schema.ts';

const topicPrefix = testTopicPrefix();
let opened: TestDatabase;
let database: Database;
let kafka: Kafka;
beforeAll(async () => {
  opened = await createTestDatabase({ migrations: [schema] });
  database = openDatabase({
    primaryUrl: opened.url,
    replicaUrls: [],
    poolSize: 12,
    replicaPoolSize: 1,
    applicationName: 'relay-with-kafka-test',
  });
  kafka = openKafka({ brokers: testKafkaBrokers(), clientId: 'relay-with-kafka-test', topicPrefix });
  await kafka.ensureTopics([{ topic: topics.family, partitions: 3 }]);
});
afterAll(async () => {
  await kafka.close();
  await database.close();
  await opened.drop();
});

function startRelay(killAfterSends = 0): ChildProcess {
  return spawn(
    process.execPath,
    ['--conditions=@homeroom/source', new URL('relay-process.ts', import.meta.url).pathname],
    {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        DATABASE_URL: opened.url,
        KAFKA_BROKERS: testKafkaBrokers().join(','),
        TOPIC_PREFIX: topicPrefix,
        KILL_AFTER_SENDS: String(killAfterSends),
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
}

const familyCount = 10;
const changesPerFamily = 40;

/** Every family changes 40 times, and as often thinks better of it: a tenth of all transactions is rolled back. */
async function changeFamilies(families: readonly string[]): Promise<number> {
  let written = 0;
  await Promise.all(
    families.map(async (family) => {
      for (let version = 1; version <= changesPerFamily; version++) {
        if (version % 10 === 0) {
          const undone = database.ofCoop(coopId).transaction(async (trx) => {
            await append(trx, changed(family, 1_000 + version));
            throw new Error('thought better of it');
          });
          await expect(undone).rejects.toThrow('better');
        }
        await database.ofCoop(coopId).transaction((trx) => append(trx, changed(family, version)));
        written++;
      }
    }),
  );
  return written;
}

test('a relay killed again and again between publishing and deleting loses, doubles and reorders nothing', async () => {
  const delivered: string[] = [];
  const consumer = await kafka.consume({
    group: 'effects',
    topics: [topics.family],
    isTransient: isUnavailable,
    handlers: {
      'homeroom.family.changed.v1': async ({ id, coopId: of, subject, data: { version } }) => {
        delivered.push(id);
        await database.ofCoop(of).transaction(async (trx) => {
          if (!(await receiveOnce(trx, { consumer: 'effects', eventId: id }))) return;
          await trx.query({
            name: 'effect',
            text: 'insert into effects values ($1, $2, $3)',
            values: [id, subject, version],
          });
        });
      },
    },
  });

  // two relays at a time, one of them waiting; each that leads dies after one to three batches
  let kills = 0;
  const keepRelays = async (): Promise<void> => {
    while (kills < 6) {
      const [, signal] = (await once(startRelay(1 + (kills % 3)), 'exit')) as [number | null, string | null];
      if (signal === 'SIGKILL') kills++;
    }
  };
  const killed = Promise.all([keepRelays(), keepRelays()]);
  let written = 0;
  while (kills < 6) written += await changeFamilies(Array.from({ length: familyCount }, () => randomUUID()));
  await killed;
  const last = startRelay();

  try {
    await waitFor(
      'an empty outbox',
      async () => (await database.query({ name: 'left', text: 'select 1 from outbox' })).rowCount === 0,
      { timeoutMs: 30_000 },
    );
    const effects = await waitFor(
      'every effect',
      async () => {
        const { rows } = await database.query<{ subject: string; versions: number[] }>({
          name: 'effects',
          text: 'select subject, array_agg(version order by place) as versions from effects group by subject',
        });
        return rows.flatMap(({ versions }) => versions).length >= written && rows;
      },
      { timeoutMs: 30_000 },
    );
    // every committed change once, in order; none of the rolled back ones
    for (const { versions } of effects)
      expect(versions).toEqual(Array.from({ length: changesPerFamily }, (_, i) => i + 1));
    expect(effects.length * changesPerFamily).toBe(written);
    // negative control: what a consumer without an inbox would have done
    await waitFor('the duplicates', () => delivered.length > written);
    expect(kills).toBeGreaterThanOrEqual(6);
    console.log(
      `${written} changes, ${kills} kills, ${delivered.length - written} duplicates on the wire, 0 lost, 0 doubled`,
    );
  } finally {
    last.kill('SIGTERM');
    await once(last, 'exit');
    await consumer.stop();
  }
}, 90_000);
