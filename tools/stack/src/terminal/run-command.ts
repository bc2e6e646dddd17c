import { InterruptedError, PlainError } from './errors.ts';

/** Aborted by the first Ctrl-C, SIGTERM, or SIGHUP, and when the program that started us ends. */
export interface Interruption {
  signal: AbortSignal;
  /** Resolves when interrupted. */
  happened: Promise<void>;
}

/** The terminal, npm, and bootstrap.mjs each forward the same Ctrl-C: within this time it counts once. */
const ECHO_MS = 700;

/**
 * Runs one command, or prints its help. Resolves to the exit code. A PlainError is printed as one sentence, any other with its
 * stack trace.
 */
export async function runCommand(main: (interruption: Interruption) => Promise<number>, help?: string): Promise<void> {
  if (help !== undefined && process.argv.some((arg) => arg === '--help' || arg === '-h')) {
    console.log(help);
    return;
  }
  const abort = new AbortController();
  let firstAt = 0;
  const interrupt = (): void => {
    if (firstAt !== 0 && Date.now() - firstAt > ECHO_MS) process.exit(130);
    firstAt ||= Date.now();
    abort.abort(new Error('interrupted'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  // bootstrap.mjs was killed and can no longer stop us
  process.on('disconnect', interrupt);
  process.channel?.unref();
  const happened = new Promise<void>((resolve) =>
    abort.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  try {
    process.exitCode = await main({ signal: abort.signal, happened });
  } catch (error) {
    if (error instanceof InterruptedError) process.exit(130);
    console.error(error instanceof PlainError ? error.message : error);
    process.exitCode = 1;
  }
  process.exit();
}
