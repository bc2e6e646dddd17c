import type { DomainEvent, EventType } from '@homeroom/contracts';
import type { Socket } from 'node:net';

export interface KafkaOptions {
  /** `host:port` of one or more brokers; the rest are discovered through them. */
  readonly brokers: readonly string[];
  /** The process's name in the broker's logs and quotas, `families-worker`. */
  readonly clientId: string;
  /** Put before every topic and group, so that several tests or checkouts share a broker. Default: none. */
  readonly topicPrefix?: string;
  /** How long a send may take before it fails. Default 10 000. */
  readonly sendTimeoutMs?: number;
  /** How long a broker may take to answer one request before it counts as lost. Default 5000. */
  readonly requestTimeoutMs?: number;
  /**
   * How long a group waits for a silent member before it reassigns its partitions. Brokers refuse less than their
   * `group.min.session.timeout.ms`, 6000 by default. Default 10 000.
   */
  readonly sessionTimeoutMs?: number;
  /**
   * Opens the socket to a broker. Brokers announce their own addresses to clients; use this to go through a tunnel or a
   * proxy instead. Default: a TCP connection.
   */
  readonly dial?: (target: { host: string; port: number }) => Socket;
  readonly onEvent?: (event: KafkaEvent) => void;
}

/** Gets as many replicas as the brokers' `default.replication.factor`: three in production, with `min.insync.replicas` 2. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  /** The broker keeps the last message of each key forever. False if not given: all messages, for the broker's retention. */
  readonly compacted?: boolean;
}

export interface OutgoingMessage {
  readonly topic: string;
  readonly key: string | Buffer | null;
  readonly headers: Readonly<Record<string, string | Buffer | readonly Buffer[]>>;
  readonly value: Buffer | null;
}

/** A message as it is stored in the topic: bytes, nothing decoded. */
export interface IncomingMessage {
  /** Without the prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Headers as text; of a repeated header, the first. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers as bytes, for code that passes them on unchanged. */
  readonly rawHeaders: Readonly<Record<string, Buffer | readonly Buffer[]>>;
  /** When the broker or the producer dated it, in epoch milliseconds. */
  readonly timestampMs: number;
}

export interface Consumer {
  /** Finishes the messages in progress, commits, and leaves the group. Ends within 5 s, with or without a broker. */
  stop(): Promise<void>;
  /** Whether the loop is alive (heartbeats, fetches, attempts to connect). Feeds liveness. */
  healthy(): boolean;
}

export interface HandlerContext {
  /** Aborts when the consumer stops, when the partition was assigned to another member, or when the try takes too long. */
  readonly signal: AbortSignal;
  /** 1 for the first try. */
  readonly attempt: number;
}

/** Options of both kinds of consumer. */
export interface ConsumerOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Where a group that has never committed starts. Default true. */
  readonly fromBeginning?: boolean;
  /** Tries in all before the message goes to the dead letters, and the pauses between them. Default 5, 100, 2000. */
  readonly retry?: { readonly attempts?: number; readonly baseMs?: number; readonly maxMs?: number };
  /**
   * Says that an error has nothing to do with the message (the database is down): the message is then retried
   * forever, with heartbeats, and never becomes a dead letter. Default: no error is transient.
   */
  readonly isTransient?: (error: unknown) => boolean;
  /** How long one try may take before its signal aborts and it counts as failed. Default 60 000. */
  readonly handlerTimeoutMs?: number;
  readonly onEvent?: (event: KafkaEvent) => void;
}

export type EventHandlers = {
  readonly [T in EventType]?: (event: DomainEvent<T>, context: HandlerContext) => Promise<void>;
};

export interface ConsumeOptions extends ConsumerOptions {
  readonly handlers: EventHandlers;
}

export interface ConsumeRawOptions extends ConsumerOptions {
  readonly handler: (message: IncomingMessage, context: HandlerContext) => Promise<void>;
  /** Whether a message that exhausted its tries goes to `<topic>.dlq` (default) or is skipped with a `dropped` event. */
  readonly deadLetters?: boolean;
}

/** Where a consumer is. Topics and groups are named without the prefix. */
interface Position {
  group: string;
  topic: string;
  partition: number;
}

/** What happened, for logs and metrics. */
export type KafkaEvent =
  | { kind: 'produced'; messages: number; durationMs: number }
  | { kind: 'produce-failed'; messages: number; durationMs: number; error: unknown }
  | { kind: 'waiting-for-broker'; what: string; attempt: number; delayMs: number; error: unknown }
  | { kind: 'waiting-for-topics'; group: string; topics: string[] }
  | { kind: 'joined'; group: string; partitions: Readonly<Record<string, readonly number[]>> }
  | (Position & {
      kind: 'consumed';
      /** The CloudEvents type, when the message could be read so far. */
      type: string | undefined;
      outcome: 'handled' | 'skipped' | 'dead-lettered' | 'dropped';
      attempts: number;
      durationMs: number;
      /** Age of the message when it was processed, in milliseconds. */
      ageMs: number;
    })
  | (Position & {
      kind: 'retrying';
      offset: string;
      attempt: number;
      delayMs: number;
      transient: boolean;
      error: unknown;
    })
  | (Position & { kind: 'dead-lettered'; offset: string; attempts: number; reason: string; error: unknown })
  /** Consumer lag: how many messages follow the one just processed. */
  | (Position & { kind: 'lag'; lag: number })
  | { kind: 'restarting'; group: string; delayMs: number; error: unknown }
  /** The consumer has failed permanently: end the process. */
  | { kind: 'fatal'; group: string; error: unknown };
