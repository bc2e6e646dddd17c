import type { ClassView } from '../classes/class.ts';
import type { ChildFacts, Facts } from './decide.ts';

/** A map that forgets what was put first. */
class Recent<V> {
  readonly #entries = new Map<string, V>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  put(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

/**
 * What this process last heard of classes and children. It may be wrong, which costs a round trip and nothing else:
 * what is written is checked by the statement that writes, and what is refused is asked again before it is said.
 */
export class KnownFacts {
  readonly #classes: Recent<ClassView>;
  readonly #children: Recent<ChildFacts>;

  constructor({ classes = 5_000, children = 50_000 } = {}) {
    this.#classes = new Recent(classes);
    this.#children = new Recent(children);
  }

  recall(classId: string, childId: string): Facts | undefined {
    const [known, child] = [this.#classes.get(classId), this.#children.get(childId)];
    if (known === undefined || child === undefined) return undefined;
    const active = child.slots.some((slot) => slot.classId === classId);
    return { class: known, child, active, familyKnown: true };
  }

  learn(facts: Pick<Facts, 'class' | 'child'>): void {
    if (facts.class !== undefined) this.#classes.put(facts.class.id, facts.class);
    if (facts.child !== undefined) this.#children.put(facts.child.id, facts.child);
  }
}
