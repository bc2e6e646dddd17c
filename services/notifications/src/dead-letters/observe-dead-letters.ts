import type { Shell } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { countOpenDeadLetters } from './store.ts';

/** Counts the open dead letters at every scrape: any is a reason to look. */
export function observeDeadLetters({ logger, metrics }: Pick<Shell, 'logger' | 'metrics'>, database: Database): void {
  metrics.gauge('dead_letters_open', 'Dead letters that are not replayed', ['topic'], async (gauge) => {
    gauge.reset();
    try {
      for (const { topic, count } of await countOpenDeadLetters(database)) gauge.set({ topic }, count);
    } catch (error) {
      // the scrape must not fail: the other metrics do not need the database
      logger.warn({ err: error }, 'dead letters not counted');
    }
  });
}
