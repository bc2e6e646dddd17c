/** The file as a whole cannot be read: `message` says what is wrong and what to do. */
export class UnreadableCsvError extends Error {
  override readonly name = 'UnreadableCsvError';
}
