import { DatabaseUnavailableError, UnknownOutcomeError } from './errors.ts';
import type { PooledConnection } from './pooled-connection.ts';
import type { Transaction } from './queryable.ts';

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

/** Runs `work` between BEGIN and COMMIT on one connection; anything it throws rolls back and is thrown on. */
export async function inTransaction<T>(
  connection: PooledConnection,
  isolation: Isolation,
  work: (trx: Transaction) => Promise<T>,
): Promise<T> {
  await connection.command('begin', isolation === 'read committed' ? 'begin' : `begin isolation level ${isolation}`);
  let value: T;
  try {
    value = await work({ isTransaction: true, query: (statement) => connection.query(statement) });
  } catch (error) {
    // when ROLLBACK fails too, the pool destroys the connection, which rolls back; the first error says why
    await connection.command('rollback', 'rollback').catch(() => undefined);
    throw error;
  }
  if (connection.broken !== undefined) {
    throw new DatabaseUnavailableError('the connection broke inside the transaction', { cause: connection.broken });
  }
  const { command } = await connection.command('commit', 'commit').catch((error: unknown) => {
    if (!(error instanceof DatabaseUnavailableError)) throw error;
    throw new UnknownOutcomeError('the connection broke during COMMIT: it may be committed or not', { cause: error });
  });
  // Postgres answers COMMIT with ROLLBACK, and no error, when a statement had failed and the failure was swallowed
  if (command !== 'COMMIT') throw new Error('a statement of the transaction had failed, so it was rolled back');
  return value;
}
