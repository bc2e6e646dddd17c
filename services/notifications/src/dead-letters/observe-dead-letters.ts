import type { Logger, Metrics } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { countOpenDeadLetters } from './store.ts';

/** Counts the dead letters that nobody has replayed, at every scrape: more than none is a reason to look. */
export function observeDeadLetters({
  logger,
  metrics,
  database,
}: {
  logger: Logger;
  metrics: Metrics;
  database: Database;
}): void {
  metrics.gauge('dead_letters_open', 'Dead letters that were not replayed', ['topic'], async (gauge) => {
    gauge.reset();
    try {
      for (const { topic, count } of await countOpenDeadLetters(database)) gauge.set({ topic }, count);
    } catch (error) {
      // a database that is away must not take the other metrics along
      logger.warn({ err: error }, 'dead letters were not counted');
    }
  });
}
