import { UnreadableEventError } from '@homeroom/contracts';
import { fullJitter, joinSignals, pause, within, type JoinedSignal } from '@homeroom/resilience';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { toDeadLetter } from './dead-letter.ts';
import { processing } from './tracing.ts';
import type { ConsumerOptions, HandlerContext, IncomingMessage, KafkaEvent, OutgoingMessage } from './types.ts';

export interface Handled {
  readonly outcome: 'handled' | 'skipped';
  readonly type: string | undefined;
}

export interface Work {
  readonly options: ConsumerOptions;
  readonly topicPrefix: string;
  readonly heartbeatMs: number;
  readonly handle: (message: IncomingMessage, context: HandlerContext) => Promise<Handled>;
  /** `undefined` when messages that exhausted their tries are dropped. */
  readonly sendDeadLetter: ((letter: OutgoingMessage, signal: AbortSignal) => Promise<void>) | undefined;
  readonly stopping: AbortSignal;
  readonly emit: (event: KafkaEvent) => void;
  readonly alive: () => void;
}

const commitMs = 1000;
const retryDefaults = { attempts: 5, baseMs: 100, maxMs: 2000 };

/**
 * Works through one partition's messages in order. Throws only what kafkajs's own functions throw, which kafkajs knows how
 * to handle, and nothing that a handler throws: kafkajs takes a TypeError for a bug of its own and stops for good.
 */
export async function workThrough(work: Work, payload: EachBatchPayload): Promise<void> {
  const { batch } = payload;
  const topic = batch.topic.slice(work.topicPrefix.length);
  const lost = new AbortController();
  using joined = joinSignals(work.stopping, lost.signal);
  const ended = joined.signal;
  // kafkajs sends heartbeats between batches only; a slow handler or a long pause must not cost the partition
  const beating = setInterval(() => {
    payload.heartbeat().then(work.alive, (error: unknown) => lost.abort(error));
  }, work.heartbeatMs);
  let committedAt = performance.now();
  try {
    for (const raw of batch.messages) {
      if (work.stopping.aborted || !payload.isRunning() || payload.isStale()) return;
      lost.signal.throwIfAborted();
      const message = toIncoming(topic, batch.partition, raw);
      if (!(await finish(work, message, ended))) {
        lost.signal.throwIfAborted();
        return;
      }
      work.alive();
      payload.resolveOffset(message.offset);
      if (performance.now() - committedAt > commitMs) {
        committedAt = performance.now();
        await payload.commitOffsetsIfNecessary();
      }
    }
  } finally {
    clearInterval(beating);
  }
  const lag = Number(batch.highWatermark) - 1 - Number(batch.lastOffset());
  work.emit({ kind: 'lag', group: work.options.group, topic, partition: batch.partition, lag: Math.max(0, lag) });
}

/** Tries until the message is processed. @returns false when it is not, because the loop ends. */
async function finish(work: Work, message: IncomingMessage, ended: AbortSignal): Promise<boolean> {
  const { options, emit } = work;
  const { group } = options;
  const { topic, partition, offset } = message;
  const retry = { ...retryDefaults, ...options.retry };
  const startedAt = performance.now();
  const done = (
    outcome: 'handled' | 'skipped' | 'dead-lettered' | 'dropped',
    attempts: number,
    type?: string,
  ): true => {
    const [durationMs, ageMs] = [performance.now() - startedAt, Date.now() - message.timestampMs];
    emit({ kind: 'consumed', group, topic, partition, type, outcome, attempts, durationMs, ageMs });
    return true;
  };

  for (let attempt = 1, failures = 0; ; attempt += 1) {
    if (isOver(ended)) return false;
    try {
      const { outcome, type } = await tryOnce(work, message, attempt, ended);
      return done(outcome, attempt, type);
    } catch (error) {
      if (isOver(ended)) return false;
      const transient = isTransient(options, error);
      if (!transient) failures += 1;
      if (error instanceof UnreadableEventError || failures >= retry.attempts) {
        if (work.sendDeadLetter === undefined) return done('dropped', attempt, message.headers['ce_type']);
        const letter = toDeadLetter(message, { group, attempts: attempt, error });
        if (!(await deliver(work, letter, message, ended))) return false;
        const reason = String(letter.headers['dlq_reason']);
        emit({ kind: 'dead-lettered', group, topic, partition, offset, attempts: attempt, reason, error });
        return done('dead-lettered', attempt, message.headers['ce_type']);
      }
      await retryLater(work, message, { attempt, transient, error, backoff: retry }, ended);
    }
  }
}

async function tryOnce(work: Work, message: IncomingMessage, attempt: number, ended: AbortSignal): Promise<Handled> {
  const limitMs = work.options.handlerTimeoutMs ?? 60_000;
  const late = new AbortController();
  const tooLong = (): Error => {
    const error = new Error(`the handler took longer than ${limitMs} ms`);
    late.abort(error);
    return error;
  };
  // created on first use: few handlers use it, and joining signals costs more than the rest of this
  let joined: JoinedSignal | undefined;
  const handlerContext: HandlerContext = {
    attempt,
    get signal() {
      return (joined ??= joinSignals(ended, late.signal)).signal;
    },
  };
  const { topic, partition, offset } = message;
  const { group } = work.options;
  try {
    return await processing({ topic, partition, offset, group, attempt }, message.headers['traceparent'], async () =>
      within(limitMs, work.handle(message, handlerContext), tooLong),
    );
  } finally {
    joined?.[Symbol.dispose]();
  }
}

/** Publishes the dead letter, for as long as it takes: until it is stored the offset must not move. */
async function deliver(
  work: Work,
  letter: OutgoingMessage,
  message: IncomingMessage,
  ended: AbortSignal,
): Promise<boolean> {
  for (let attempt = 1; !ended.aborted; attempt += 1) {
    try {
      await work.sendDeadLetter?.(letter, ended);
      return true;
    } catch (error) {
      await retryLater(work, message, { attempt, transient: true, error, backoff: retryDefaults }, ended);
    }
  }
  return false;
}

async function retryLater(
  work: Work,
  { topic, partition, offset }: IncomingMessage,
  failed: { attempt: number; transient: boolean; error: unknown; backoff: { baseMs: number; maxMs: number } },
  ended: AbortSignal,
): Promise<void> {
  const { attempt, transient, error, backoff } = failed;
  const delayMs = fullJitter(attempt, backoff);
  work.alive();
  const { group } = work.options;
  work.emit({ kind: 'retrying', group, topic, partition, offset, attempt, delayMs, transient, error });
  await pause(delayMs, ended);
}

const isOver = (signal: AbortSignal): boolean => signal.aborted;

function isTransient({ isTransient: asked }: ConsumerOptions, error: unknown): boolean {
  if (error instanceof UnreadableEventError) return false;
  try {
    return asked?.(error) ?? false;
  } catch {
    // a predicate that throws must not stop the stream: the message then counts as the cause
    return false;
  }
}

function toIncoming(
  topic: string,
  partition: number,
  { offset, key, value, headers = {}, timestamp }: KafkaMessage,
): IncomingMessage {
  const texts: Record<string, string> = {};
  const rawHeaders: Record<string, Buffer | readonly Buffer[]> = {};
  for (const name in headers) {
    const content = headers[name];
    if (content === undefined) continue;
    const first = Array.isArray(content) ? content[0] : content;
    if (first === undefined) continue;
    texts[name] = first.toString('utf8');
    rawHeaders[name] = Array.isArray(content) ? content.map(toBuffer) : toBuffer(content);
  }
  return { topic, partition, offset, key, value, headers: texts, rawHeaders, timestampMs: Number(timestamp) };
}

const toBuffer = (part: string | Buffer): Buffer => (typeof part === 'string' ? Buffer.from(part) : part);
