/** One SQL statement. It is always sent as a prepared statement: parsed and planned once per connection. */
export interface Statement {
  /** Unique per text, at most 63 characters. The same name in `pg_stat_statements`, events and spans. */
  readonly name: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

export interface Result<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
}

/** Anything that runs a statement: the database, a replica's connection, a transaction. */
export interface Queryable {
  query<Row = Record<string, unknown>>(statement: Statement): Promise<Result<Row>>;
}

/** What runs statements inside one BEGIN … COMMIT. A function that needs atomicity asks for this type. */
export interface Transaction extends Queryable {
  readonly isTransaction: true;
}

/** Runs statements on the rows of one co-op: each statement names it, with `coopId` among its values. */
export interface CoopQueryable extends Queryable {
  readonly coopId: string;
}

/** A transaction on the rows of one co-op. */
export interface CoopTransaction extends Transaction, CoopQueryable {}

/** How new a read must be, for one caller: usually a session. */
export interface Freshness {
  /**
   * `any`: a replica's state will do. `primary`: the caller has just written, where to is not known yet.
   * `16/B374D848`: at least this position of the primary's log.
   */
  readonly mark: 'any' | 'primary' | `${string}/${string}`;
  /** Called with the primary's log position after a read on the primary, to be remembered as the next mark. */
  advance(lsn: string): Promise<void> | void;
}
