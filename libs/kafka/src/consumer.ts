import { fullJitter, orAborted, pause, within } from '@homeroom/resilience';
import type { Consumer as ClientConsumer } from 'kafkajs';
import { workThrough, type Work } from './batch.ts';
import { connect, retryTimes } from './connection.ts';
import { brokerCode } from './errors.ts';
import type { Consumer, ConsumerOptions, KafkaEvent, KafkaOptions } from './types.ts';

const stopMs = 4000;
/** How many partitions are worked on at once; order holds within each. */
const partitionsAtOnce = 3;
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
export class SupervisedConsumer implements Consumer {
  readonly #kafka;
  readonly #options;
  readonly #work: Pick<Work, 'handle' | 'sendDeadLetter'>;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #lastSign = performance.now();
  #dead = false;
  #crashes = 0;

  constructor(kafka: KafkaOptions, options: ConsumerOptions, work: Pick<Work, 'handle' | 'sendDeadLetter'>) {
    this.#kafka = { topicPrefix: '', sessionTimeoutMs: 10_000, ...kafka };
    this.#options = { fromBeginning: true, ...options };
    this.#work = work;
    this.#running = this.#supervise();
  }

  healthy(): boolean {
    return !this.#dead && performance.now() - this.#lastSign < silenceMs + this.#kafka.sessionTimeoutMs;
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the consumer is stopping'));
    await this.#running;
  }

  readonly #alive = (): void => {
    this.#lastSign = performance.now();
  };

  readonly #emit = (event: KafkaEvent): void => {
    this.#kafka.onEvent?.(event);
    this.#options.onEvent?.(event);
  };

  async #supervise(): Promise<void> {
    const { group, topics } = this.#options;
    while (!this.#stop.signal.aborted) {
      const crash = await this.#runOnce();
      if (crash === undefined) return;
      this.#crashes += 1;
      const { error, passing } = crash;
      const delayMs = fullJitter(this.#crashes, { baseMs: 200, maxMs: 2000 });
      if (brokerCode(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
        this.#emit({ kind: 'waiting-for-topics', group, topics: [...topics] });
      } else if (!passing && this.#crashes >= hopelessAfter) {
        this.#dead = true;
        this.#emit({ kind: 'fatal', group, error });
        return;
      } else this.#emit({ kind: 'restarting', group, delayMs, error });
      this.#alive();
      await pause(delayMs, this.#stop.signal);
      this.#alive();
    }
  }

  /** Runs one kafkajs consumer until it crashes or is stopped. */
  async #runOnce(): Promise<Crash | undefined> {
    const connection = connect(this.#kafka, { retries: 2 });
    let passing = false;
    const consumer = connection.client.consumer({
      ...settingsOf(this.#kafka.topicPrefix + this.#options.group, this.#kafka.sessionTimeoutMs),
      retry: {
        ...retryTimes(2),
        restartOnFailure: async () => {
          passing = true;
          return false;
        },
      },
    });
    const { promise: crashed, resolve } = Promise.withResolvers<unknown>();
    consumer.on('consumer.crash', ({ payload }) => resolve(payload.error));
    this.#watch(consumer);
    const { signal } = this.#stop;
    try {
      const error = await orAborted(Promise.race([crashed, this.#begin(consumer).then(async () => crashed)]), signal);
      return signal.aborted ? undefined : { error, passing: lacksCoordinator(error) || passing };
    } catch (error) {
      return signal.aborted ? undefined : { error, passing: isPassing(error) };
    } finally {
      await leave(consumer);
      connection.destroy();
    }
  }

  #watch(consumer: ClientConsumer): void {
    consumer.on('consumer.heartbeat', this.#alive);
    consumer.on('consumer.fetch', () => {
      this.#alive();
      this.#crashes = 0;
    });
    consumer.on('consumer.group_join', ({ payload }) => {
      this.#alive();
      const assigned = Object.entries(payload.memberAssignment as Record<string, number[]>);
      const partitions = assigned.map(([topic, of]) => [topic.slice(this.#kafka.topicPrefix.length), of] as const);
      this.#emit({ kind: 'joined', group: this.#options.group, partitions: Object.fromEntries(partitions) });
    });
  }

  async #begin(consumer: ClientConsumer): Promise<void> {
    const options = this.#options;
    const { topicPrefix, sessionTimeoutMs } = this.#kafka;
    const heartbeatMs = heartbeatOf(sessionTimeoutMs);
    const { signal: stopping } = this.#stop;
    await consumer.connect();
    await consumer.subscribe({
      topics: options.topics.map((topic) => topicPrefix + topic),
      fromBeginning: options.fromBeginning,
    });
    await consumer.run({
      autoCommit: true,
      autoCommitInterval: 1000,
      // by default kafkajs moves the offset past messages that a loop left early has not seen
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: partitionsAtOnce,
      eachBatch: async (payload) =>
        workThrough(
          { ...this.#work, options, topicPrefix, heartbeatMs, stopping, emit: this.#emit, alive: this.#alive },
          payload,
        ),
    });
  }
}

/** Several are sent in a session: one may be lost. */
const heartbeatOf = (sessionTimeoutMs: number): number => Math.min(3000, sessionTimeoutMs / 3);

const settingsOf = (groupId: string, sessionTimeout: number) => ({
  groupId,
  allowAutoTopicCreation: false,
  sessionTimeout,
  heartbeatInterval: heartbeatOf(sessionTimeout),
  // how long an idle fetch waits at the broker, and so how long a stop may take
  maxWaitTimeInMs: 500,
  maxBytesPerPartition: 262_144,
  maxBytes: 1_048_576,
});

/** Leaves the group and disconnects, within a time limit: with the brokers down, kafkajs would wait for them. */
async function leave(consumer: ClientConsumer): Promise<void> {
  const late = (): Error => new Error(`the consumer did not disconnect within ${stopMs} ms`);
  await within(stopMs, consumer.disconnect(), late).catch(() => undefined); // the sockets are cut next in any case
}

/** From a cluster that has just started and is still creating its offsets topic. kafkajs considers it final. */
const lacksCoordinator = (error: unknown): boolean =>
  error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound';

/** Before `run` it is unknown whether kafkajs would retry: anything but a broker's refusal may be temporary. */
function isPassing(error: unknown): boolean {
  return brokerCode(error) === undefined && !(error instanceof TypeError);
}
