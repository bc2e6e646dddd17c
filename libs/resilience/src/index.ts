export { Deadline } from './deadline.ts';
export { fullJitter, type Backoff } from './full-jitter.ts';
export {
  isBrokenCircuit,
  isRejected,
  isTimeout,
  policy,
  type BreakerState,
  type Policy,
  type PolicyEvent,
  type PolicyOptions,
} from './policy.ts';
