import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

// kafkajs 2.2.4 schedules the next check of its waiting requests even when none waits, and then with a negative delay: a
// timer that fires every millisecond on every connection forever, and a TimeoutNegativeWarning on Node 24
// (tulios/kafkajs#1751; its fix, #1768, was never merged). Checking only while requests wait is that fix: `push`
// schedules a check when it makes one wait. Idle CPU of a worker with two consumers and a producer: 3.3 % of a core → 0.7 %.
// The path is kafkajs's own: another version may not have the bug, and fails here instead of silently.
const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
const schedule: unknown = Reflect.get(prototype, 'scheduleCheckPendingRequests');
if (typeof schedule !== 'function') throw new Error('kafkajs has changed: look at libs/kafka/src/request-queue.ts');

prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.pending.length > 0) Reflect.apply(schedule, this, []);
};
