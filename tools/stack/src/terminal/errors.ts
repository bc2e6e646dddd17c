/** A failure whose sentence says all there is to know: commands print it without a stack trace. */
export class PlainError extends Error {
  override name = 'PlainError';
}

/** The start was ended by Ctrl-C; nothing is left of it. */
export class InterruptedError extends Error {
  override name = 'InterruptedError';
}
