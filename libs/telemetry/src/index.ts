export type { Logger, Metrics } from './observers.ts';
export { currentTraceparent, remoteParent, traceparentOf } from './trace-context.ts';
