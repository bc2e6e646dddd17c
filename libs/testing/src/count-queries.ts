import type { DatabaseEvent } from '@homeroom/postgres';

export interface QueryCount {
  /** Statements that the code under test ran. */
  readonly queries: number;
  /** Those and the wrapper's own: begin, commit, log positions. */
  readonly roundTrips: number;
  /** Names in order, the wrapper's own included. */
  readonly names: readonly string[];
}

export interface QueryCounter {
  /** Give it to `openDatabase`. */
  readonly onEvent: (event: DatabaseEvent) => void;
  /** Counts what runs while `work` runs: nothing else may use the database meanwhile. */
  during<T>(work: () => Promise<T>): Promise<QueryCount & { readonly result: T }>;
}

const ownNames = new Set(['begin', 'commit', 'rollback', 'replayed', 'position', 'ping']);

/** Counts queries and round trips to Postgres, the measure that a slow machine does not change. */
export function countQueries(): QueryCounter {
  let names: string[] = [];
  return {
    onEvent(event) {
      if (event.type === 'query') names.push(event.name);
    },
    async during(work) {
      names = [];
      const result = await work();
      const seen = names;
      return {
        result,
        names: seen,
        roundTrips: seen.length,
        queries: seen.filter((name) => !ownNames.has(name)).length,
      };
    },
  };
}
