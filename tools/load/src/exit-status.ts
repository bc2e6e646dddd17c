import type { Report } from './recorder.ts';

/** The exit status of a run. Unknown results, and a run without requests, are not a success. */
export function exitStatus(
  { scheduled, failed, lost = 0, unknown = 0 }: Report,
  { maxFailed, stopped }: { maxFailed: number; stopped: boolean },
): 0 | 1 | 2 {
  if (stopped && scheduled === 0) return 2;
  return failed > maxFailed || lost > 0 || unknown > 0 ? 1 : 0;
}
