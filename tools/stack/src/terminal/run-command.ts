import { InterruptedError, PlainError } from './errors.ts';

/** Aborted by the first Ctrl-C, SIGTERM or SIGHUP, and when the program that started us is gone. */
export interface Interruption {
  signal: AbortSignal;
  /** Resolves when interrupted. */
  happened: Promise<void>;
}

/** The terminal, npm and bootstrap.mjs each hand on the same Ctrl-C: within this it is one. */
const ECHO_MS = 700;

/** Runs one command: mistakes of the caller become one sentence, anything else a stack trace; its number is the exit code. */
export async function runCommand(main: (interruption: Interruption) => Promise<number>): Promise<void> {
  const abort = new AbortController();
  let firstAt = 0;
  const interrupt = (): void => {
    if (firstAt !== 0 && Date.now() - firstAt > ECHO_MS) process.exit(130);
    firstAt ||= Date.now();
    abort.abort(new Error('interrupted'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  // bootstrap.mjs was killed: nobody would ever tell us to stop
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
