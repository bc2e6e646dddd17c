import { openDatabase, type Database, type DatabaseEvent } from '@homeroom/postgres';
import { createTestDatabase, type TestDatabase } from '@homeroom/testing';
import type { DatabaseOptions } from '../src/database.ts';

export interface Opened {
  readonly test: TestDatabase;
  readonly events: DatabaseEvent[];
  open(options?: Partial<DatabaseOptions>): Database;
  close(): Promise<void>;
}

/** A database of the file's own, what is opened on it, and every event that it emitted. */
export async function openTest(...migrations: string[]): Promise<Opened> {
  const test = await createTestDatabase({ migrations });
  const events: DatabaseEvent[] = [];
  const opened: Database[] = [];
  return {
    test,
    events,
    open(options) {
      const database = openDatabase({
        primaryUrl: test.url,
        replicaUrls: [test.replicaUrl],
        poolSize: 4,
        replicaPoolSize: 2,
        applicationName: 'postgres-test',
        onEvent: (event) => events.push(event),
        ...options,
      });
      opened.push(database);
      return database;
    },
    async close() {
      await Promise.all(opened.map((database) => database.close()));
      await test.drop();
    },
  };
}
