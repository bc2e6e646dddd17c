import pg from 'pg';

/** The database is unreachable or did not answer: refused, cut, timed out, no free connection. Nothing was committed. */
export class DatabaseUnavailableError extends Error {
  override readonly name: string = 'DatabaseUnavailableError';
}

/**
 * The connection broke during COMMIT: the transaction may be committed or not. Only the caller can find out, by asking
 * again with the same idempotency key.
 */
export class UnknownOutcomeError extends DatabaseUnavailableError {
  override readonly name = 'UnknownOutcomeError';
}

/** SQLSTATEs by meaning. @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const state = {
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  readOnlyTransaction: '25006',
  uniqueViolation: '23505',
  exclusionViolation: '23P01',
  queryCanceled: '57014',
  lockNotAvailable: '55P03',
  featureNotSupported: '0A000',
  invalidCatalogName: '3D000',
  undefinedTable: '42P01',
  undefinedColumn: '42703',
} as const;

/** The SQLSTATE of an error that the server sent, otherwise `undefined`. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.code : undefined;

/** True for a violated unique constraint or index, of the name `constraint` if given. */
export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  error instanceof pg.DatabaseError &&
  error.code === state.uniqueViolation &&
  (constraint === undefined || error.constraint === constraint);

/** True for a violated exclusion constraint of the name `constraint`: another row, committed by now, overlaps. */
export const isExclusionViolation = (error: unknown, constraint: string): boolean =>
  error instanceof pg.DatabaseError && error.code === state.exclusionViolation && error.constraint === constraint;

/**
 * True when the same call may succeed later: unreachable, restarting, out of
 * connections, too slow, locked for too long, a conflict that outlived its retries. HTTP answers 503, a consumer waits.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailableError) return true;
  const code = sqlState(error);
  if (code === undefined) return false;
  return (
    /^(08|53|57P|58)/.test(code) ||
    code === state.queryCanceled ||
    code === state.lockNotAvailable ||
    isConflict(code) ||
    isMisdirected(error)
  );
}

const isConflict = (code: string | undefined): boolean =>
  code === state.serializationFailure || code === state.deadlockDetected;

/** The server became a standby, or a migration changed what a prepared statement returns: all its connections are bad. */
export function isMisdirected(error: unknown): boolean {
  const code = sqlState(error);
  if (code === state.readOnlyTransaction) return true;
  return code === state.featureNotSupported && (error as Error).message.includes('cached plan');
}

/**
 * True when an equal row was inserted at the same moment, beside a key that names the co-op and the one of the last release that
 * does not: Postgres looks for conflicts in one of them first, and then violates the other. The next run finds the row.
 */
const lostToEqualRow = (error: unknown): boolean =>
  isUniqueViolation(error) && (error as pg.DatabaseError).constraint?.endsWith('_before_coops') === true;

/** Certain to have changed nothing, and worth trying again at once. */
export const isRetryable = (error: unknown): boolean =>
  isConflict(sqlState(error)) || isMisdirected(error) || lostToEqualRow(error);

/** The connection that gave this error must not be used again. */
export function breaksConnection(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true;
  return (
    error.severity === 'FATAL' ||
    error.severity === 'PANIC' ||
    /^(08|57P)/.test(error.code ?? '') ||
    isMisdirected(error)
  );
}

/** What a replica may fail with that the primary would not: it is down, behind a migration, or replay canceled the query. */
export function isReplicaTrouble(error: unknown): boolean {
  const code = sqlState(error);
  return isReplicaDown(error) || isConflict(code) || code === state.undefinedTable || code === state.undefinedColumn;
}

/** The failures of a replica that the next read would meet too. */
export function isReplicaDown(error: unknown): boolean {
  if (error instanceof DatabaseUnavailableError) return true;
  const code = sqlState(error) ?? '';
  return /^(08|53|57P)/.test(code) || code === state.invalidCatalogName;
}

/** Gives errors of the driver and the network a type that says what to do about them. */
export function explain(error: unknown): Error {
  if (!(error instanceof Error)) return new DatabaseUnavailableError(String(error));
  if (error instanceof pg.DatabaseError || error instanceof DatabaseUnavailableError) return error;
  // thrown by our own type parsers and by the driver for values that it cannot send: a bug, not an outage
  if (error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError) return error;
  if (error.message === 'timeout exceeded when trying to connect') {
    return new DatabaseUnavailableError('no connection of the pool became free in time', { cause: error });
  }
  return new DatabaseUnavailableError(`the database did not answer: ${error.message}`, { cause: error });
}
