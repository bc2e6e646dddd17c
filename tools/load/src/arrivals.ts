/** When requests arrive, in milliseconds after the start. Arrivals do not wait for earlier responses. */
export function* arrivals({
  kind,
  rate,
  seconds,
  count = Infinity,
  random = Math.random,
}: {
  kind: 'constant' | 'poisson';
  /** Arrivals per second. */
  rate: number;
  seconds: number;
  count?: number | undefined;
  random?: () => number;
}): Generator<number, undefined> {
  const meanMs = 1_000 / rate;
  const gap = kind === 'constant' ? () => meanMs : () => -Math.log(1 - random()) * meanMs;
  let at = kind === 'constant' ? 0 : gap();
  for (let n = 0; n < count && at < seconds * 1_000; n += 1) {
    yield at;
    at += gap();
  }
}
