import type {
  DeleteStmt,
  InsertStmt,
  JoinExpr,
  Node,
  OnConflictClause,
  RangeVar,
  ResTarget,
  SelectStmt,
  UpdateStmt,
  WithClause,
} from 'libpg-query';
import { columnOf, coopOf, Places, type Column, type Place, type Relation, type Scope } from './statement-places.ts';

/** The tables of a service, as far as statements must know them. */
export interface Schema {
  /** The columns of each table, in their order. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** The columns of each unique constraint, for `on conflict on constraint`. */
  readonly constraints: ReadonlyMap<string, readonly string[]>;
  /** Tables whose rows belong to co-ops. */
  readonly tenants: ReadonlySet<string>;
}

/** A use of a tenant table, whose co-op must be known. */
export interface Use {
  /** `classes`, or `classes c`. */
  readonly what: string;
  /** Its `coop_id`, or the one that is inserted. */
  readonly place: Place;
}

type Ctes = Scope['ctes'];

/**
 * Reads one parsed statement: which tenant tables it uses, and which `coop_id` it makes equal to what. Only what holds for every
 * row counts: conditions that are joined by `and`, and of an outer join only for the side that may be null.
 */
export class StatementReader {
  readonly places = new Places();
  readonly uses: Use[] = [];
  /** The queries of the statement, for what they join. */
  readonly scopes: Scope[] = [];
  /** Inserts that rely on the order of a table's columns. */
  readonly unlisted: string[] = [];
  /** What is wrong whatever the conditions are. */
  readonly mistakes: string[] = [];
  readonly #schema: Schema;
  readonly #selects = new Map<SelectStmt, readonly Column[]>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  read(statement: Node): void {
    if (
      'SelectStmt' in statement ||
      'InsertStmt' in statement ||
      'UpdateStmt' in statement ||
      'DeleteStmt' in statement
    ) {
      this.#query(statement, undefined, new Map());
    } else if ('CreateTableAsStmt' in statement) {
      this.#query(statement.CreateTableAsStmt.query, undefined, new Map());
    } else if (!('CreateStmt' in statement)) {
      for (const table of tablesIn(statement)) this.#useWhole(table);
    }
  }

  /** A table that is used as a whole, by LOCK, TRUNCATE, MERGE: nothing can name its co-op. */
  #useWhole(table: string): void {
    if (this.#schema.tenants.has(table)) this.uses.push({ what: table, place: this.places.column() });
  }

  /** @returns the columns that a query gives to the one around it. */
  #query(node: Node | undefined, outer: Scope | undefined, ctes: Ctes): readonly Column[] {
    if (node === undefined) return [];
    if ('SelectStmt' in node) return this.#select(node.SelectStmt, outer, ctes);
    if ('InsertStmt' in node) return this.#insert(node.InsertStmt, outer, ctes);
    if ('UpdateStmt' in node) return this.#update(node.UpdateStmt, outer, ctes);
    if ('DeleteStmt' in node) return this.#delete(node.DeleteStmt, outer, ctes);
    for (const table of tablesIn(node)) this.#useWhole(table);
    return [];
  }

  #with(clause: WithClause | undefined, outer: Scope | undefined, ctes: Ctes): Ctes {
    const known = new Map(ctes);
    for (const node of clause?.ctes ?? []) {
      if (!('CommonTableExpr' in node)) continue;
      const { ctename = '', ctequery, aliascolnames } = node.CommonTableExpr;
      const names = stringsOf(aliascolnames);
      const base =
        clause?.recursive === true && ctequery !== undefined && 'SelectStmt' in ctequery && ctequery.SelectStmt.larg;
      // what holds for the first part, and is handed on by the second, holds for all rows
      if (base) known.set(ctename, renamed(this.#select(base, outer, known), names));
      known.set(ctename, renamed(this.#query(ctequery, outer, known), names));
    }
    return known;
  }

  #select(select: SelectStmt, outer: Scope | undefined, around: Ctes): readonly Column[] {
    const known = this.#selects.get(select);
    if (known !== undefined) return known;
    const columns = this.#readSelect(select, outer, this.#with(select.withClause, outer, around));
    this.#selects.set(select, columns);
    return columns;
  }

  #readSelect(select: SelectStmt, outer: Scope | undefined, ctes: Ctes): readonly Column[] {
    const { larg, rarg, op } = select;
    if (larg !== undefined && rarg !== undefined) {
      const [left, right] = [this.#select(larg, outer, ctes), this.#select(rarg, outer, ctes)];
      if (op === 'SETOP_EXCEPT') return left;
      return left.map(({ name, place }, at) => ({ name, place: this.places.union([place, right[at]?.place]) }));
    }
    const scope = this.#scope(outer, ctes);
    if (select.valuesLists !== undefined) {
      const rows = select.valuesLists.map((row) => ('List' in row ? (row.List.items ?? []) : []));
      this.#subqueries(rows, scope);
      return (rows[0] ?? []).map((_, at) => ({
        name: `column${at + 1}`,
        place: this.places.union(rows.map((row) => this.#placeOf(row[at], scope))),
      }));
    }
    for (const item of select.fromClause ?? []) this.#from(item, scope);
    this.#condition(select.whereClause, scope, scope.relations);
    const { targetList, groupClause, havingClause, windowClause, sortClause, distinctClause } = select;
    const { limitOffset, limitCount } = select;
    const rest = [groupClause, havingClause, windowClause, sortClause, distinctClause, limitOffset, limitCount];
    this.#subqueries([targetList, ...rest], scope);
    return this.#outputs(targetList, scope);
  }

  #insert(insert: InsertStmt, outer: Scope | undefined, around: Ctes): readonly Column[] {
    const ctes = this.#with(insert.withClause, outer, around);
    const given = this.#query(insert.selectStmt, outer, ctes);
    const scope = this.#scope(outer, ctes);
    const target = this.#table(insert.relation, scope);
    const what = nameOf(insert.relation);
    if (this.#isTenant(insert.relation)) {
      if (insert.cols === undefined) this.unlisted.push(`${what}: the insert lists no columns`);
      const names = insert.cols === undefined ? target.columns.map(({ name }) => name) : targetNames(insert.cols);
      const [at, place] = [names.indexOf('coop_id'), coopOf(target)];
      if (at === -1 || place === undefined) this.mistakes.push(`${what}: the insert gives no coop_id`);
      else {
        const source = given[at]?.place;
        if (source !== undefined) place.equals.add(source);
        this.uses.push({ what: `${what}, into which is inserted`, place });
      }
      this.#checkConflict(what, insert.onConflictClause);
    }
    // its coop_id has passed the constraint, so it is that of the row
    scope.relations.push({ name: 'excluded', columns: target.columns });
    this.#subqueries(insert.onConflictClause, scope);
    scope.relations.pop();
    return this.#returning(insert.returningClause?.exprs, scope);
  }

  #checkConflict(what: string, clause: OnConflictClause | undefined): void {
    const { infer, targetList } = clause ?? {};
    if (infer !== undefined) {
      const columns =
        infer.conname === undefined
          ? (infer.indexElems ?? []).map((element) => ('IndexElem' in element ? element.IndexElem.name : undefined))
          : (this.#schema.constraints.get(infer.conname) ?? []);
      if (!columns.includes('coop_id')) this.mistakes.push(`${what}: the target of on conflict has no coop_id`);
    }
    this.#checkAssigned(what, targetList);
  }

  #checkAssigned(what: string, targetList: Node[] | undefined): void {
    if (targetNames(targetList).includes('coop_id')) this.mistakes.push(`${what}: a row never changes its coop_id`);
  }

  #update(update: UpdateStmt, outer: Scope | undefined, around: Ctes): readonly Column[] {
    const scope = this.#scope(outer, this.#with(update.withClause, outer, around));
    this.#target(update.relation, scope);
    if (this.#isTenant(update.relation)) this.#checkAssigned(nameOf(update.relation), update.targetList);
    for (const item of update.fromClause ?? []) this.#from(item, scope);
    this.#condition(update.whereClause, scope, scope.relations);
    this.#subqueries(update.targetList, scope);
    return this.#returning(update.returningClause?.exprs, scope);
  }

  #delete(remove: DeleteStmt, outer: Scope | undefined, around: Ctes): readonly Column[] {
    const scope = this.#scope(outer, this.#with(remove.withClause, outer, around));
    this.#target(remove.relation, scope);
    for (const item of remove.usingClause ?? []) this.#from(item, scope);
    this.#condition(remove.whereClause, scope, scope.relations);
    return this.#returning(remove.returningClause?.exprs, scope);
  }

  #returning(targets: Node[] | undefined, scope: Scope): readonly Column[] {
    this.#subqueries(targets, scope);
    return this.#outputs(targets, scope);
  }

  #scope(outer: Scope | undefined, ctes: Ctes): Scope {
    const scope = { relations: [], outer, ctes };
    this.scopes.push(scope);
    return scope;
  }

  readonly #isTenant = (range: RangeVar | undefined): boolean => this.#schema.tenants.has(range?.relname ?? '');

  /** A table whose rows are updated or deleted: never a CTE of the same name. */
  #target(range: RangeVar | undefined, scope: Scope): void {
    const place = coopOf(this.#table(range, scope));
    if (place !== undefined && this.#isTenant(range)) this.uses.push({ what: nameOf(range), place });
  }

  /** Adds a table to the scope. */
  #table(range: RangeVar | undefined, scope: Scope): Relation {
    const names = this.#schema.columns.get(range?.relname ?? '');
    if (names === undefined) {
      const unlisted = { name: 'coop_id', place: this.places.column() };
      return added(scope, { name: aliasOf(range), columns: [], unlisted });
    }
    const columns = names.map((name): Column => ({
      name,
      place: name === 'coop_id' ? this.places.column() : undefined,
    }));
    return added(scope, { name: aliasOf(range), columns: renamed(columns, stringsOf(range?.alias?.colnames)) });
  }

  /** Adds what is selected from to the scope. @returns the relations that it added. */
  #from(item: Node | undefined, scope: Scope): readonly Relation[] {
    if (item === undefined) return [];
    if ('JoinExpr' in item) return this.#join(item.JoinExpr, scope);
    if ('RangeVar' in item) {
      const range = item.RangeVar;
      const cte = range.schemaname === undefined ? scope.ctes.get(range.relname ?? '') : undefined;
      if (cte !== undefined) return [this.#derived(cte, scope, aliasOf(range), stringsOf(range.alias?.colnames))];
      const table = this.#table(range, scope);
      const place = coopOf(table);
      if (place !== undefined && this.#isTenant(range)) this.uses.push({ what: nameOf(range), place });
      return [table];
    }
    if ('RangeSubselect' in item) {
      const { subquery, lateral, alias } = item.RangeSubselect;
      const columns = this.#query(subquery, lateral === true ? scope : scope.outer, scope.ctes);
      return [this.#derived(columns, scope, alias?.aliasname ?? '', stringsOf(alias?.colnames))];
    }
    if ('RangeFunction' in item) {
      const { alias, coldeflist, functions } = item.RangeFunction;
      this.#subqueries(functions, scope);
      const defined = (coldeflist ?? []).map((node) => ('ColumnDef' in node ? (node.ColumnDef.colname ?? '') : ''));
      const name = alias?.aliasname ?? '';
      const names = [defined, stringsOf(alias?.colnames), [name]].find((given) => given.length > 0) ?? [];
      return [
        this.#derived(
          names.map((column) => ({ name: column, place: undefined })),
          scope,
          name,
        ),
      ];
    }
    for (const table of tablesIn(item)) this.#useWhole(table);
    return [];
  }

  /** Adds what has columns of another query: each is a place of its own, so that a condition here changes nothing there. */
  #derived(columns: readonly Column[], scope: Scope, name: string, names: readonly string[] = []): Relation {
    const copies = columns.map((column) => ({ name: column.name, place: this.places.column(column.place) }));
    return added(scope, { name, columns: renamed(copies, names) });
  }

  #join({ larg, rarg, jointype, usingClause, quals }: JoinExpr, scope: Scope): readonly Relation[] {
    const [left, right] = [this.#from(larg, scope), this.#from(rarg, scope)];
    const pinnable = {
      JOIN_INNER: [...left, ...right],
      JOIN_LEFT: right,
      JOIN_RIGHT: left,
    } as Partial<Record<string, readonly Relation[]>>;
    const sides = pinnable[jointype ?? ''] ?? [];
    for (const name of stringsOf(usingClause)) {
      const [a, b] = [left, right].map((side) =>
        columnOf([name], { ...scope, relations: [...side], outer: undefined }),
      );
      this.#equate([[a?.place, b?.place]], sides);
    }
    this.#condition(quals, scope, sides);
    return [...left, ...right];
  }

  /** @param sides the relations of which the condition keeps only rows for which it is true. */
  #condition(node: Node | undefined, scope: Scope, sides: readonly Relation[]): void {
    this.#subqueries(node, scope);
    for (const conjunct of conjunctsOf(node)) this.#equate(this.#equalities(conjunct, scope), sides);
  }

  #equate(pairs: readonly (readonly [Place | undefined, Place | undefined])[], sides: readonly Relation[]): void {
    const own = new Set(
      sides.flatMap(({ columns, unlisted }) => [...columns, unlisted].map((column) => column?.place)),
    );
    for (const [a, b] of pairs) {
      if (a === undefined || b === undefined) continue;
      if (own.has(a)) a.equals.add(b);
      if (own.has(b)) b.equals.add(a);
    }
  }

  /** The pairs of places that a condition makes equal. */
  #equalities(node: Node, scope: Scope): [Place | undefined, Place | undefined][] {
    let [left, right]: (Place | undefined)[][] = [];
    if ('A_Expr' in node && node.A_Expr.kind === 'AEXPR_OP' && stringsOf(node.A_Expr.name).join('') === '=') {
      left = this.#placesOf(node.A_Expr.lexpr, scope);
      right = this.#placesOf(node.A_Expr.rexpr, scope);
    } else if ('SubLink' in node && node.SubLink.subLinkType === 'ANY_SUBLINK') {
      const { testexpr, subselect, operName } = node.SubLink;
      if (!['', '='].includes(stringsOf(operName).join(''))) return [];
      left = this.#placesOf(testexpr, scope);
      right = this.#query(subselect, scope, scope.ctes).map(({ place }) => place);
    }
    if (left === undefined || right === undefined || left.length !== right.length) return [];
    const others = right;
    return left.map((place, at) => [place, others[at]]);
  }

  /** Of a row, the places of its columns. */
  #placesOf(node: Node | undefined, scope: Scope): (Place | undefined)[] {
    if (node !== undefined && 'RowExpr' in node) return (node.RowExpr.args ?? []).map((it) => this.#placeOf(it, scope));
    if (node !== undefined && 'SubLink' in node && node.SubLink.subLinkType === 'EXPR_SUBLINK')
      return this.#query(node.SubLink.subselect, scope, scope.ctes).map(({ place }) => place);
    return [this.#placeOf(node, scope)];
  }

  #placeOf(node: Node | undefined, scope: Scope): Place | undefined {
    if (node === undefined) return undefined;
    if ('ParamRef' in node) return this.places.parameter(node.ParamRef.number ?? 0);
    if ('TypeCast' in node) return this.#placeOf(node.TypeCast.arg, scope);
    if ('ColumnRef' in node) return columnOf(stringsOf(node.ColumnRef.fields), scope)?.place;
    if ('SubLink' in node && node.SubLink.subLinkType === 'EXPR_SUBLINK') return this.#placesOf(node, scope)[0];
    return undefined;
  }

  /** Reads the queries inside of expressions. */
  #subqueries(node: unknown, scope: Scope): void {
    if (typeof node !== 'object' || node === null) return;
    if ('SubLink' in node) {
      const { subselect, testexpr } = (node as Extract<Node, { SubLink: unknown }>).SubLink;
      this.#query(subselect, scope, scope.ctes);
      this.#subqueries(testexpr, scope);
      return;
    }
    for (const child of Object.values(node)) this.#subqueries(child, scope);
  }

  #outputs(targets: Node[] | undefined, scope: Scope): readonly Column[] {
    return targetsOf(targets).flatMap(({ name, val }) => {
      const path = val !== undefined && 'ColumnRef' in val ? (val.ColumnRef.fields ?? []) : [];
      if (path.some((field) => 'A_Star' in field)) {
        const [qualifier] = stringsOf(path).slice(-1);
        const relations = scope.relations.filter((it) => qualifier === undefined || it.name === qualifier);
        return relations.flatMap(({ columns }) => columns);
      }
      return [{ name: name ?? outputName(val), place: this.#placeOf(val, scope) }];
    });
  }
}

function added(scope: Scope, relation: Relation): Relation {
  scope.relations.push(relation);
  return relation;
}

const aliasOf = (range: RangeVar | undefined): string => range?.alias?.aliasname ?? range?.relname ?? '';

const nameOf = (range: RangeVar | undefined): string => [...new Set([range?.relname ?? '', aliasOf(range)])].join(' ');

const stringsOf = (nodes: Node[] | undefined): string[] =>
  (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []));

const targetsOf = (nodes: Node[] | undefined): ResTarget[] =>
  (nodes ?? []).flatMap((node) => ('ResTarget' in node ? [node.ResTarget] : []));

const targetNames = (nodes: Node[] | undefined): string[] => targetsOf(nodes).map(({ name }) => name ?? '');

const renamed = (columns: readonly Column[], names: readonly string[]): Column[] =>
  columns.map(({ name, place }, at) => ({ name: names[at] ?? name, place }));

function outputName(node: Node | undefined): string {
  if (node === undefined) return '';
  if ('ColumnRef' in node) return stringsOf(node.ColumnRef.fields).at(-1) ?? '';
  if ('FuncCall' in node) return stringsOf(node.FuncCall.funcname).at(-1) ?? '';
  return 'TypeCast' in node ? outputName(node.TypeCast.arg) : '';
}

function conjunctsOf(node: Node | undefined): Node[] {
  if (node === undefined) return [];
  if ('BoolExpr' in node && node.BoolExpr.boolop === 'AND_EXPR') return (node.BoolExpr.args ?? []).flatMap(conjunctsOf);
  return [node];
}

/** The names of all tables anywhere in a statement. */
function tablesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = 'relname' in node && typeof node.relname === 'string' ? [node.relname] : [];
  return [...own, ...Object.values(node).flatMap(tablesIn)];
}
