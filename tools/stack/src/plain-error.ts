/** A failure whose sentence says all there is to know: commands print it without a stack trace. */
export class PlainError extends Error {
  override name = 'PlainError';
}
