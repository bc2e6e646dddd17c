import type pg from 'pg';

/** What pg calls of a query that is not its own, as far as COPY needs it. */
interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** Copies rows that are already in the format of COPY into a table: as pg-copy-streams does, without its streams. */
export function copyIn(client: pg.Client, text: string, chunks: readonly Buffer[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const copy = {
    submit: (connection: CopyConnection) => connection.query(text),
    handleCopyInResponse(connection: CopyConnection) {
      for (const chunk of chunks) connection.sendCopyFromChunk(chunk);
      connection.endCopyFrom();
    },
    handleCommandComplete: () => undefined,
    handleError: reject,
    handleReadyForQuery: () => resolve(undefined),
  };
  client.query(copy as unknown as pg.Submittable);
  return promise;
}
