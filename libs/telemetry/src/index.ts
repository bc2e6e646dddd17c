export type { Counter, Gauge, Histogram, Logger, Metrics } from './observers.ts';
export { currentTraceparent, remoteParent, traceparentOf } from './trace-context.ts';
