import type { CoopQueryable, CoopTransaction, Freshness, Queryable, Transaction } from './queryable.ts';
import type { Isolation } from './transaction.ts';

/**
 * The rows of one co-op in a service's database. What reads or writes them asks for this type, so it cannot forget which
 * co-op. It adds nothing to a statement: each compares `coop_id` with `coopId` itself.
 * @example `db.query({ name: 'find_pet', text: 'select … where coop_id = $1 and id = $2', values: [db.coopId, id] })`
 */
export interface CoopDatabase extends CoopQueryable {
  /** As `Database.transaction`. */
  transaction<T>(work: (trx: CoopTransaction) => Promise<T>, options?: { isolation?: Isolation }): Promise<T>;
  /** As `Database.read`. */
  read<T>(freshness: Freshness | undefined, work: (db: CoopQueryable) => Promise<T>): Promise<T>;
}

/** The part of a `Database` that runs statements. */
export interface Statements extends Queryable {
  transaction<T>(work: (trx: Transaction) => Promise<T>, options?: { isolation?: Isolation }): Promise<T>;
  read<T>(freshness: Freshness | undefined, work: (db: Queryable) => Promise<T>): Promise<T>;
}

/** The rows of one co-op among those of a database. */
export const coopDatabase = (database: Statements, coopId: string): CoopDatabase => ({
  coopId,
  query: (statement) => database.query(statement),
  transaction: (work, options) => database.transaction((trx) => work(ofCoop(trx, coopId)), options),
  read: (freshness, work) =>
    database.read(freshness, (db) => work({ coopId, query: (statement) => db.query(statement) })),
});

/** One co-op's part of a transaction, for work on several co-ops in one. Without work on others, `database.ofCoop` is enough. */
export const ofCoop = (trx: Transaction, coopId: string): CoopTransaction => ({
  coopId,
  isTransaction: true,
  query: (statement) => trx.query(statement),
});
