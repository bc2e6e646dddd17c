import { examples } from '@homeroom/contracts';
import type { Coop } from '@homeroom/coops';
import { randomUUID } from 'node:crypto';

let sequence = 0;

/** A co-op with hosts of its own, and what the test changes. */
export function aCoop(change: Partial<Coop> = {}): Coop {
  const slug = `coop-${sequence++}`;
  const coopId = randomUUID();
  return { ...examples['homeroom.coop.opened.v1'], coopId, slug, hosts: [`${slug}.example`], ...change };
}
