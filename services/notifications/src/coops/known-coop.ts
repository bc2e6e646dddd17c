import type { Coop, Directory } from '@homeroom/coops';

/** Tries, about a second apart, for which an event waits for a co-op that may not exist. */
const patience = 60;

/** The copy of a co-op has not arrived: it comes by a topic of its own. */
export class CoopNotKnownError extends Error {
  override readonly name = 'CoopNotKnownError';
  /** Whether another try is worth it. */
  readonly passes: boolean;

  constructor(coopId: string, { passes }: { passes: boolean }) {
    super(`the co-op ${coopId} is not known yet`);
    this.passes = passes;
  }
}

/**
 * The co-op of an event or a mail. Version 0 is assumed by the migration until families has published the first co-op: its
 * name and its time zone get into no mail.
 * @param attempt counts from 1.
 * @throws {CoopNotKnownError}
 */
export function knownCoop(coops: Pick<Directory, 'byId'>, coopId: string, { attempt = 1 } = {}): Coop {
  const coop = coops.byId(coopId);
  if (coop !== undefined && coop.version > 0) return coop;
  throw new CoopNotKnownError(coopId, { passes: coop !== undefined || attempt <= patience });
}
