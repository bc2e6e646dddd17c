import { fullJitter, pause, within } from '@homeroom/resilience';
import type { Consumer as ClientConsumer } from 'kafkajs';
import { workThrough, type Work } from './batch.ts';
import { connect } from './connection.ts';
import { brokerCode } from './errors.ts';
import type { Consumer, ConsumerOptions, KafkaEvent, KafkaOptions } from './types.ts';

const stopMs = 4000;
/** Longer than any request or pause of kafkajs takes. */
const silenceMs = 60_000;
/** Crashes in a row, without a fetch between them, that are not the network's fault: then it is ours. */
const hopelessAfter = 5;

interface Crash {
  readonly error: unknown;
  /** Whether kafkajs itself considers a restart useful. */
  readonly passing: boolean;
}

/**
 * Keeps a consumer running: starts it, and when it crashes starts a new one. kafkajs can restart itself, but not
 * always, not after a stop, and sometimes without end (tulios/kafkajs#1443, #1593, #1721).
 */
export function startConsumer(
  kafka: KafkaOptions,
  options: ConsumerOptions,
  work: Pick<Work, 'handle' | 'sendDeadLetter'>,
): Consumer {
  const { topicPrefix = '' } = kafka;
  const { group, topics, sessionTimeoutMs = 10_000 } = options;
  const stop = new AbortController();
  let lastSign = performance.now();
  let dead = false;
  let crashes = 0;
  const alive = (): void => {
    lastSign = performance.now();
  };
  const emit = (event: KafkaEvent): void => {
    kafka.onEvent?.(event);
    options.onEvent?.(event);
  };

  /** Runs one kafkajs consumer until it crashes or is stopped. */
  const runOnce = async (): Promise<Crash | undefined> => {
    const connection = connect(kafka, { retries: 2 });
    let passing = false;
    const consumer = connection.client.consumer({
      groupId: topicPrefix + group,
      allowAutoTopicCreation: false,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.min(3000, sessionTimeoutMs / 3),
      // how long an idle fetch is parked at the broker, and so how long a stop may take
      maxWaitTimeInMs: 500,
      maxBytesPerPartition: 262_144,
      maxBytes: 1_048_576,
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 1000,
        factor: 0.2,
        multiplier: 2,
        retries: 2,
        restartOnFailure: async () => {
          passing = true;
          return false;
        },
      },
    });
    const { promise: crashed, resolve } = Promise.withResolvers<unknown>();
    consumer.on('consumer.crash', ({ payload }) => resolve(payload.error));
    consumer.on('consumer.heartbeat', alive);
    consumer.on('consumer.fetch', () => {
      alive();
      crashes = 0;
    });
    consumer.on('consumer.group_join', ({ payload }) => {
      alive();
      const partitions = Object.entries(payload.memberAssignment).map(([topic, of]) => [
        topic.slice(topicPrefix.length),
        of,
      ]);
      emit({ kind: 'joined', group, partitions: Object.fromEntries(partitions) as Record<string, number[]> });
    });
    const { promise: stopped, resolve: stopNow } = Promise.withResolvers<undefined>();
    const onStop = (): void => stopNow(undefined);
    stop.signal.addEventListener('abort', onStop);
    try {
      const error = await Promise.race([stopped, crashed, begin(consumer).then(async () => crashed)]);
      return stop.signal.aborted ? undefined : { error, passing: lacksCoordinator(error) || passing };
    } catch (error) {
      return { error, passing: isPassing(error) };
    } finally {
      stop.signal.removeEventListener('abort', onStop);
      await leave(consumer);
      connection.destroy();
    }
  };

  const begin = async (consumer: ClientConsumer): Promise<void> => {
    await consumer.connect();
    await consumer.subscribe({
      topics: topics.map((topic) => topicPrefix + topic),
      fromBeginning: options.fromBeginning ?? true,
    });
    await consumer.run({
      autoCommit: true,
      autoCommitInterval: 1000,
      // by default kafkajs moves the offset past messages that a loop left early has not seen
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: options.concurrency ?? 3,
      eachBatch: async (payload) =>
        workThrough({ ...work, options, topicPrefix, stopping: stop.signal, emit, alive }, payload),
    });
  };

  const supervise = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const crash = await runOnce();
      if (crash === undefined) return;
      crashes += 1;
      const { error, passing } = crash;
      const delayMs = fullJitter(crashes, { baseMs: 200, maxMs: 2000 });
      if (brokerCode(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
        emit({ kind: 'waiting-for-topics', group, topics: [...topics] });
      } else if (!passing && crashes >= hopelessAfter) {
        dead = true;
        emit({ kind: 'fatal', group, error });
        return;
      } else emit({ kind: 'restarting', group, delayMs, error });
      alive();
      await pause(delayMs, stop.signal);
      alive();
    }
  };

  const running = supervise();
  return {
    healthy: () => !dead && performance.now() - lastSign < silenceMs + sessionTimeoutMs,
    stop: async () => {
      stop.abort(new Error('the consumer is stopping'));
      await running;
    },
  };
}

/** Leaves the group and disconnects, within a time limit: with the brokers down, kafkajs would wait for them. */
async function leave(consumer: ClientConsumer): Promise<void> {
  const late = (): Error => new Error(`the consumer did not disconnect within ${stopMs} ms`);
  await within(stopMs, consumer.disconnect(), late).catch(() => undefined); // the sockets are cut next, whatever it was
}

/** Of a cluster that has only just started, whose topic of offsets is still being made. kafkajs takes it for final. */
const lacksCoordinator = (error: unknown): boolean =>
  error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound';

/** Before `run` it is unknown whether kafkajs would retry: anything but a broker's refusal may be temporary. */
function isPassing(error: unknown): boolean {
  return brokerCode(error) === undefined && !(error instanceof TypeError);
}
