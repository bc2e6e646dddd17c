/** A failure that commands print without a stack trace. */
export class PlainError extends Error {
  override name = 'PlainError';
}

/** The start was aborted by Ctrl-C, and everything was ended. */
export class InterruptedError extends Error {
  override name = 'InterruptedError';
}
