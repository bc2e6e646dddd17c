export { Deadline } from './deadline.ts';
export { isBrokenCircuit, isRejected, isTimeout } from './errors.ts';
export { fullJitter, type Backoff } from './full-jitter.ts';
export {
  policy,
  type BreakerState,
  type CallContext,
  type Policy,
  type PolicyEvent,
  type PolicyOptions,
} from './policy.ts';
