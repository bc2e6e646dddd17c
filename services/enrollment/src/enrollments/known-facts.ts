import { LRUCache } from 'lru-cache';
import type { ClassView } from '../classes/schemas.ts';
import type { ChildFacts, Facts } from './decide.ts';

/** Nothing that is known of one co-op is recalled for another. */
const keyOf = (coopId: string, id: string): string => `${coopId}:${id}`;

/**
 * What this process last read of classes and children. It may be stale, which costs a round trip and nothing else: the
 * statement that writes checks it, and nothing is refused without reading again.
 */
export class KnownFacts {
  readonly #classes = new LRUCache<string, ClassView>({ max: 5_000 });
  readonly #children = new LRUCache<string, ChildFacts>({ max: 50_000 });

  recall(coopId: string, { classId, childId }: { classId: string; childId: string }): Facts | undefined {
    const known = this.#classes.get(keyOf(coopId, classId));
    const child = this.#children.get(keyOf(coopId, childId));
    if (known === undefined || child === undefined) return undefined;
    const active = child.slots.some((slot) => slot.classId === classId);
    return { class: known, child, active, familyKnown: true };
  }

  learn(coopId: string, facts: Pick<Facts, 'class' | 'child'>): void {
    if (facts.class !== undefined) this.#classes.set(keyOf(coopId, facts.class.id), facts.class);
    if (facts.child !== undefined) this.#children.set(keyOf(coopId, facts.child.id), facts.child);
  }
}
