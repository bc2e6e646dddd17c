/**
 * A place in a statement where a co-op's id can stand: a parameter, or a column of a relation. It is pinned when it can only be
 * the id that a parameter has.
 */
export interface Place {
  /** Of a parameter: its number. */
  readonly parameter?: number;
  /** Places that it is equal to: it is pinned as soon as one of them is. */
  readonly equals: Set<Place>;
  /** Of a column of a union: it is pinned when all of them are. */
  readonly all?: readonly Place[];
}

export interface Column {
  readonly name: string;
  /** Undefined for what can be no co-op's id. */
  readonly place: Place | undefined;
}

/** Something that a query selects from, by the name that its columns are qualified with. */
export interface Relation {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Of a table that is not in the schema, such as a temporary one: its `coop_id`, should it have one. */
  readonly unlisted?: Column;
}

export const coopOf = ({ columns, unlisted }: Relation): Place | undefined =>
  (columns.find(({ name }) => name === 'coop_id') ?? unlisted)?.place;

/** What the names of a query mean: its own relations first, then those of the queries around it. */
export interface Scope {
  readonly relations: Relation[];
  readonly outer: Scope | undefined;
  readonly ctes: ReadonlyMap<string, readonly Column[]>;
}

/** The places of one statement. */
export class Places {
  readonly #places: Place[] = [];
  readonly #parameters = new Map<number, Place>();

  parameter(number: number): Place {
    const known = this.#parameters.get(number);
    if (known !== undefined) return known;
    const place = this.#add({ parameter: number, equals: new Set() });
    this.#parameters.set(number, place);
    return place;
  }

  /** @param source what it is a copy of. */
  column(source?: Place): Place {
    return this.#add({ equals: new Set(source === undefined ? [] : [source]) });
  }

  /** A column of which some rows are from each of these. */
  union(sources: readonly (Place | undefined)[]): Place | undefined {
    const all = sources.filter((source) => source !== undefined);
    return all.length < sources.length ? undefined : this.#add({ equals: new Set(), all });
  }

  /**
   * Which places are pinned, and by which parameters.
   * @param root a place that counts as pinned, to see what is joined to it.
   */
  pinned(root?: Place): ReadonlyMap<Place, ReadonlySet<number>> {
    const pinned = new Map<Place, Set<number>>(root === undefined ? [] : [[root, new Set()]]);
    let before = -1;
    const size = (): number => [...pinned.values()].reduce((sum, parameters) => sum + parameters.size + 1, 0);
    while (before !== size()) {
      before = size();
      for (const place of this.#places) {
        const sources = [...place.equals].filter((source) => pinned.has(source));
        const whole = place.all?.every((source) => pinned.has(source)) === true ? place.all : [];
        if (place.parameter === undefined && sources.length + whole.length === 0) continue;
        if (place.parameter !== undefined && root !== undefined) continue;
        const parameters = [...sources, ...whole].flatMap((source) => [...(pinned.get(source) ?? [])]);
        if (place.parameter !== undefined) parameters.push(place.parameter);
        pinned.set(place, new Set([...(pinned.get(place) ?? []), ...parameters]));
      }
    }
    return pinned;
  }

  #add(place: Place): Place {
    this.#places.push(place);
    return place;
  }
}

/** The column that a name means: `coop_id`, or `c.coop_id`. */
export function columnOf(path: readonly string[], scope: Scope): Column | undefined {
  const [name, qualifier] = [path.at(-1), path.at(-2)];
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const relation = at.relations.find((it) =>
      qualifier === undefined ? it.columns.some((column) => column.name === name) : it.name === qualifier,
    );
    if (relation === undefined) continue;
    const { columns, unlisted } = relation;
    return columns.find((column) => column.name === name) ?? (unlisted?.name === name ? unlisted : undefined);
  }
  return undefined;
}
