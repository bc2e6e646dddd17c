import type { CoopSnapshot } from '@homeroom/contracts';
import { hostName } from './host-name.ts';

/** A co-op as processes hold it. */
export type Coop = Readonly<CoopSnapshot>;

/** The co-ops of an installation in memory, by id and by host. A lookup costs the same with one and with 50,000. */
export class Directory {
  readonly #byId = new Map<string, Coop>();
  readonly #byHost = new Map<string, Coop>();
  /** Those that answer requests: all but the closed ones. */
  readonly #living = new Map<string, Coop>();
  #only: Coop | undefined;

  constructor(coops: Iterable<Coop> = []) {
    for (const coop of coops) this.put(coop);
  }

  get size(): number {
    return this.#byId.size;
  }

  byId(coopId: string): Coop | undefined {
    return this.#byId.get(coopId);
  }

  /**
   * The co-op that a request to this host belongs to: of an installation with one co-op always that one.
   * @param header as in `Host`: a name in any case, perhaps with a port and a trailing dot.
   */
  byHost(header: string): Coop | undefined {
    if (this.#only !== undefined) return this.#only;
    const known = this.#byHost.get(header);
    if (known !== undefined) return known;
    const name = hostName(header);
    return name === undefined ? undefined : this.#byHost.get(name);
  }

  /** Takes a co-op unless it is here in this version or a newer one. */
  put(coop: Coop): void {
    const before = this.#byId.get(coop.coopId);
    if (before !== undefined && before.version >= coop.version) return;
    for (const host of before?.hosts ?? []) {
      // another co-op may have taken it over already
      if (this.#byHost.get(host) === before) this.#byHost.delete(host);
    }
    this.#byId.set(coop.coopId, coop);
    if (coop.status === 'closed') this.#living.delete(coop.coopId);
    else {
      this.#living.set(coop.coopId, coop);
      for (const host of coop.hosts) this.#byHost.set(host, coop);
    }
    this.#only = this.#living.size === 1 ? this.#living.values().next().value : undefined;
  }
}
