import type { DatabaseEvent } from '@homeroom/postgres';

const ownNames = new Set(['begin', 'commit', 'rollback', 'replayed', 'position', 'ping']);

/** Counts queries and round trips to Postgres, the measure that a slow machine does not change. */
export function countQueries() {
  let names: string[] = [];
  return {
    /** Give it to `openDatabase`. */
    onEvent: (event: DatabaseEvent): void => {
      if (event.type === 'query') names.push(event.name);
    },
    /**
     * Counts what runs while `work` runs: nothing else may use the database meanwhile.
     * @returns `names` of the round trips in order, the wrapper's own included (begin, commit, log positions).
     */
    async during<T>(work: () => Promise<T>) {
      names = [];
      const result = await work();
      const seen = names;
      const queries = seen.filter((name) => !ownNames.has(name)).length;
      return { result, names: seen, roundTrips: seen.length, queries };
    },
  };
}
