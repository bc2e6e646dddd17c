export { breaker, type Breaker, type BreakerOptions, type BreakerState } from './breaker.ts';
export { Deadline } from './deadline.ts';
export { isBrokenCircuit, isRejected, isTimeout } from './errors.ts';
export { fullJitter, type Backoff } from './full-jitter.ts';
export { joinSignals, type JoinedSignal } from './join-signals.ts';
export { policy, type CallContext, type Policy, type PolicyEvent, type PolicyOptions } from './policy.ts';
export { orAborted, pause, within } from './wait.ts';
