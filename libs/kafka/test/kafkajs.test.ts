import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openKafka } from '@homeroom/kafka';
import { waitFor } from '@homeroom/testing';
import kafkajs from 'kafkajs';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { ids, message, testKafka, topic } from './harness.ts';

// What kafkajs does when it is left to itself: the faults that this lib is there to keep from its users.

let it: Awaited<ReturnType<typeof testKafka>>;
let physical: string;
let deaf = false;
let client: kafkajs.Kafka;
const opened: { disconnect(): Promise<void> }[] = [];

beforeEach(async () => {
  it = await testKafka(openKafka);
  physical = `${it.options.topicPrefix ?? ''}${topic}`;
  await it.kafka.ensureTopics([{ topic, partitions: 1 }]);
  deaf = false;
  client = new kafkajs.Kafka({
    brokers: [...it.options.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    requestTimeout: 500,
    retry: { initialRetryTime: 50, maxRetryTime: 100, factor: 0.2, multiplier: 2, retries: 1 },
    socketFactory: ({ host, port, onConnect }) => {
      const socket = connect({ host, port }, onConnect);
      const emit = socket.emit.bind(socket);
      socket.emit = (name: string | symbol, ...args: unknown[]) => (name === 'data' && deaf) || emit(name, ...args);
      return socket;
    },
  });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (of) => of.disconnect()));
  await it.close();
});

async function consumer(): Promise<kafkajs.Consumer> {
  const of = client.consumer({ groupId: `${physical}.bare`, maxWaitTimeInMs: 100 });
  opened.push(of);
  await of.connect();
  await of.subscribe({ topics: [physical], fromBeginning: true });
  return of;
}

describe('bare kafkajs', () => {
  test('stops for good, and in silence, when a handler throws a TypeError', async () => {
    await it.send(message('poison'), message('next'));
    const seen: string[] = [];
    const bare = await consumer();
    let restarts: boolean | undefined;
    bare.on('consumer.crash', ({ payload }) => {
      // a broker that is still starting, or busy, is a crash as well: that one is tried again
      if (payload.error.message === 'a bug') restarts = payload.restart;
    });
    await bare.run({
      eachMessage: async ({ message: { headers } }) => {
        seen.push(String(headers?.['ce_id']));
        if (seen.at(-1) === 'poison') throw new TypeError('a bug');
      },
    });
    await waitFor('the crash', () => restarts !== undefined);
    expect(restarts).toBe(false);
    expect(seen).toEqual(['poison']);

    const { handled } = await it.consume();
    await waitFor('the same messages under this lib', () => handled.length === 2);
  });

  test('skips what a loop that ends early has not seen', async () => {
    await it.send(...ids(10).map((id) => message(id)));
    const bare = await consumer();
    const seen: string[] = [];
    await bare.run({
      eachBatch: async ({ batch }) => void seen.push(String(batch.messages[0]?.headers?.['ce_id'])),
    });
    await waitFor('the first', () => seen.length > 0);
    await it.send(message('last'));
    await waitFor('the last', () => seen.includes('last'));
    expect(seen).toEqual(['0', 'last']);
  });

  test('loses the partition to a handler that is slower than the session, and runs it again', async () => {
    await it.send(message('slow'));
    const bare = client.consumer({
      groupId: `${physical}.slow`,
      maxWaitTimeInMs: 100,
      sessionTimeout: 2000,
      heartbeatInterval: 600,
    });
    opened.push(bare);
    await bare.connect();
    await bare.subscribe({ topics: [physical], fromBeginning: true });
    let runs = 0;
    await bare.run({
      eachMessage: async () => {
        runs += 1;
        if (runs === 1) await new Promise((resolve) => setTimeout(resolve, 4000));
      },
    });
    await waitFor('the second run', () => runs === 2, { timeoutMs: 25_000 });
  }, 60_000);

  test('loses what is sent after an acknowledgement went missing', async () => {
    const bare = client.producer({
      idempotent: true,
      retry: { initialRetryTime: 50, maxRetryTime: 100, factor: 0.2, multiplier: 2, retries: 1 },
    });
    opened.push(bare);
    await bare.connect();
    const send = async (id: string): Promise<unknown> =>
      bare.send({ topic: physical, messages: [{ key: 'k', value: id }] });
    await send('A');
    deaf = true;
    await expect(send('B')).rejects.toThrow();
    deaf = false;
    await send('C');
    await send('D');
    const found = (await it.read(topic, 3)).map(({ value }) => value?.toString());
    expect(found).toEqual(['A', 'B', 'D']);
  });

  const countTimers = `
    let negative = 0, quick = 0;
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (work, ms, ...more) => {
      if (ms < 0) negative += 1;
      if (ms <= 1) quick += 1;
      return setTimeout(work, ms, ...more);
    };
    const report = () => process.stdout.write(JSON.stringify({ negative, quick }));`;
  const programs = {
    bare: `
      const { Kafka, logLevel } = (await import('kafkajs')).default;
      const admin = new Kafka({ brokers: [process.env.BROKER], logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      setTimeout(async () => { report(); await admin.disconnect(); }, 1000);`,
    'this lib': `
      const { openKafka } = await import('@homeroom/kafka');
      const kafka = openKafka({ brokers: [process.env.BROKER], clientId: 'idle' });
      await kafka.ping();
      setTimeout(async () => { report(); await kafka.close(); }, 1000);`,
  };
  const timersOf = async (program: string): Promise<{ negative: number; quick: number }> => {
    const args = ['--conditions=@homeroom/source', '--no-warnings', '--input-type=module', '-e', countTimers + program];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: new URL('.', import.meta.url).pathname,
      env: { ...process.env, NODE_OPTIONS: '', BROKER: it.options.brokers[0] },
    });
    return JSON.parse(stdout) as { negative: number; quick: number };
  };

  test('burns a timer every millisecond on an idle connection; under this lib it does not', async () => {
    expect((await timersOf(programs.bare)).negative).toBeGreaterThan(100);
    expect(await timersOf(programs['this lib'])).toMatchObject({ negative: 0 });
  });
});
