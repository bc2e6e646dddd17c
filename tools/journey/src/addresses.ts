import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A loopback address for each client, so that limits per address hold for each alone. Every run takes a range of its own:
 * the next one may begin within the same minute.
 */
export function addressOf(run: string, index: number): string {
  const range = 16 + ((createHash('sha256').update(run).digest()[0] ?? 0) % 224);
  return `127.${range}.${Math.floor(index / 250)}.${1 + (index % 250)}`;
}

/** @throws with a sentence where only 127.0.0.1 exists, as on macOS. */
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
