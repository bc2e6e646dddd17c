/** The brokers could not be reached, or did not answer in time. Retry later. */
export class KafkaUnavailableError extends Error {
  override readonly name = 'KafkaUnavailableError';
}

/** The brokers answered, and refused: no such topic, message too large, not allowed. */
export class KafkaRefusedError extends Error {
  override readonly name = 'KafkaRefusedError';
  /** The broker's own name for it, `UNKNOWN_TOPIC_OR_PARTITION`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface ClientError {
  readonly type?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** Errors that brokers answer for temporary conditions, not for a bad request. */
const passing = new Set([
  'BROKER_NOT_AVAILABLE',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS', // of a broker that has just started
  'INVALID_REPLICATION_FACTOR', // fewer brokers are up than the topic is to have replicas
  'KAFKA_STORAGE_ERROR',
  'LEADER_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'NOT_CONTROLLER',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_LEADER_FOR_PARTITION',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'REQUEST_TIMED_OUT',
  'UNKNOWN_PRODUCER_ID',
]);

/** The broker's answer inside a client's error, however deep it was wrapped; `undefined` when there was none. */
export function brokerCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { type, cause, errors } = error as ClientError;
  if (typeof type === 'string') return type;
  return brokerCode(cause) ?? errors?.map(brokerCode).find((code) => code !== undefined);
}

/** Turns an error of the client into one of this lib's, so that none of its types leak. */
export function translate(error: unknown, what: string): Error {
  if (error instanceof KafkaUnavailableError || error instanceof KafkaRefusedError) return error;
  const code = brokerCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  return code === undefined || passing.has(code)
    ? new KafkaUnavailableError(`${what}: ${reason}`, { cause: error })
    : new KafkaRefusedError(code, `${what}: ${reason}`, { cause: error });
}
