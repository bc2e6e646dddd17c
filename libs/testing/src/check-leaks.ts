import { waitFor } from './wait-for.ts';

/** What keeps a process alive, by kind: `TCPSocketWrap`, `TCPServerWrap`, `Timeout` … */
function activeResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/**
 * Remembers what is open now. The function it returns waits until nothing more than that is open.
 * @param kinds the kinds that count: sockets, servers and child processes if not given.
 * @throws from that function, with kinds and numbers, when something stays open.
 */
export function checkLeaks(
  kinds = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'ProcessWrap'],
): (options?: { timeoutMs?: number }) => Promise<void> {
  const before = activeResources();
  return async ({ timeoutMs = 5_000 } = {}) => {
    const extra = (): string => {
      const now = activeResources();
      return kinds
        .map((kind) => ({ kind, count: (now.get(kind) ?? 0) - (before.get(kind) ?? 0) }))
        .filter(({ count }) => count > 0)
        .map(({ kind, count }) => `${count} ${kind}`)
        .join(', ');
    };
    await waitFor(
      'everything that was opened to be closed',
      () => {
        const open = extra();
        if (open !== '') throw new Error(`still open: ${open}`);
        return true;
      },
      { timeoutMs },
    );
  };
}
