export { breaker, type BreakerState } from './breaker.ts';
export { isBrokenCircuit, isRejected } from './errors.ts';
export { fullJitter, type Backoff } from './full-jitter.ts';
export { joinSignals, type JoinedSignal } from './join-signals.ts';
export { policy, type PolicyEvent } from './policy.ts';
export { orAborted, pause, within } from './wait.ts';
