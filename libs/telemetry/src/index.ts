export type { Logger, Metrics } from './observers.ts';
export type { Shell } from './shell.ts';
export { currentTraceparent, remoteParent, traceparentOf } from './trace-context.ts';
