import type { Report } from './recorder.ts';

/** What a script reads of a run. Not knowing is no success, and neither is having sent nothing. */
export function exitStatus(
  { scheduled, failed, lost = 0, unknown = 0 }: Report,
  { maxFailed, stopped }: { maxFailed: number; stopped: boolean },
): 0 | 1 | 2 {
  if (stopped && scheduled === 0) return 2;
  return failed > maxFailed || lost > 0 || unknown > 0 ? 1 : 0;
}
