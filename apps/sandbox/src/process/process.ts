/** A required environment variable. @throws naming it when it is missing. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
}

/** Closes on the first SIGTERM or SIGINT, then exits. A failed close is an uncaught error, so the status is 1. */
export function endOnSignal(close: () => Promise<void>): void {
  let ending: Promise<void> | undefined;
  const end = (): void => void (ending ??= close().then(() => process.exit()));
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}
