import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/** A loopback address for each client, because limits count by address. Runs within the same minute use different ranges. */
export function addressOf(run: string, index: number): string {
  const range = 16 + ((createHash('sha256').update(run).digest()[0] ?? 0) % 224);
  return `127.${range}.${Math.floor(index / 250)}.${1 + (index % 250)}`;
}

/** @throws {Error} on systems that have only 127.0.0.1, such as macOS. */
export function checkAddress(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) =>
      reject(
        new Error(`${address} cannot be used: the journey needs all of 127.0.0.0/8, as Linux has it`, { cause: error }),
      ),
    );
    server.listen(0, address, () => server.close(() => resolve()));
  });
}
