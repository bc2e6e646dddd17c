import { parseSync, type Node } from 'oxc-parser';

/** An object of a source file that is a statement: it has a `name` and a `text`, or is what `query` is called with and has a `text`. */
export interface StatementSource {
  readonly line: number;
  /** The declaration of the file that it is part of. */
  readonly within: string;
  /**
   * Code that evaluates to it at the end of its file. Undefined when its text depends on the arguments of the function around
   * it: then only a call of the function shows it.
   */
  readonly code: string | undefined;
}

/** Finds the statements of a TypeScript file, by its syntax and not by how it is written. */
export function statementSources(file: string, source: string): StatementSource[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors.map(({ message }) => message).join()}`);
  return program.body.flatMap((declaration) =>
    findStatements(declaration).map(({ object, around }) => ({
      line: source.slice(0, object.start).split('\n').length,
      within: declaredName(declaration),
      code: codeOf(object, around, source),
    })),
  );
}

interface Found {
  readonly object: Extract<Node, { type: 'ObjectExpression' }>;
  /** The outermost function that it is part of, if it is. */
  readonly around: Node | undefined;
}

function findStatements(node: Node, around?: Node, isQueried = false): Found[] {
  const own = node.type === 'ObjectExpression' && isStatement(node, isQueried) ? [{ object: node, around }] : [];
  const inside = around ?? (isFunction(node) ? node : undefined);
  return [...own, ...childrenOf(node).flatMap((child) => findStatements(child, inside, isQuery(node)))];
}

function isStatement({ properties }: Found['object'], isQueried: boolean): boolean {
  const names = properties.map((property) => (property.type === 'Property' ? keyOf(property.key) : '...'));
  return names.includes('text') && (names.includes('name') || isQueried);
}

const isQuery = (node: Node): boolean =>
  node.type === 'CallExpression' && node.callee.type === 'MemberExpression' && keyOf(node.callee.property) === 'query';

const keyOf = (key: Node): string =>
  key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : '';

const isFunction = ({ type }: Node): boolean =>
  ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(type);

/** The object without its values, with the constants of the function around it in place of their names. */
function codeOf({ properties }: Found['object'], around: Node | undefined, source: string): string | undefined {
  const parts = properties.filter((it) => it.type !== 'Property' || ['name', 'text'].includes(keyOf(it.key)));
  const wanted = new Set(parts.flatMap(freeNames));
  const constants: string[] = [];
  const local = around === undefined ? new Map<string, Node | undefined>() : localNames(around);
  for (const name of wanted) {
    if (name === 'this') return undefined;
    if (!local.has(name)) continue;
    const value = local.get(name);
    if (value === undefined || canChange(value)) return undefined;
    constants.unshift(`const ${name} = ${source.slice(value.start, value.end)};`);
    for (const more of freeNames(value)) wanted.add(more);
  }
  const body = parts.map(({ start, end }) => source.slice(start, end)).join(', ');
  return `(() => { ${constants.join(' ')} return { ${body} }; })()`;
}

/** Whether the code after it may change a value: an array that conditions are pushed into is not yet what it will be. */
const canChange = (node: Node): boolean =>
  ['ArrayExpression', 'ObjectExpression', 'NewExpression', 'AwaitExpression'].includes(node.type) ||
  childrenOf(node).some(canChange);

/** Each name that a function, or one inside of it, declares; with its value if it is a constant and the only one of that name. */
function localNames(node: Node): Map<string, Node | undefined> {
  const names = new Map<string, Node | undefined>();
  const declare = (name: string, value?: Node): void => void names.set(name, names.has(name) ? undefined : value);
  const visit = (inside: Node): void => {
    if (inside.type === 'VariableDeclaration') {
      for (const { id, init } of inside.declarations) {
        if (id.type === 'Identifier' && inside.kind === 'const' && init !== null) declare(id.name, init);
        else for (const name of boundNames(id)) declare(name);
      }
    } else if ('params' in inside && Array.isArray(inside.params)) {
      for (const name of inside.params.flatMap(boundNames)) declare(name);
    }
    childrenOf(inside).forEach(visit);
  };
  visit(node);
  return names;
}

/** The names that a pattern binds; those of its defaults as well, which does no harm. */
const boundNames = (pattern: Node): string[] => [
  ...(pattern.type === 'Identifier' ? [pattern.name] : []),
  ...childrenOf(pattern).flatMap(boundNames),
];

/** The names that an expression takes from outside, `this` among them. */
function freeNames(node: Node): string[] {
  if (node.type === 'Identifier') return [node.name];
  if (node.type === 'ThisExpression') return ['this'];
  const bound = 'params' in node && Array.isArray(node.params) ? node.params.flatMap(boundNames) : [];
  return childrenOf(node)
    .flatMap(freeNames)
    .filter((name) => !bound.includes(name));
}

/** The nodes below a node that are evaluated: neither types nor the names of properties. */
function childrenOf(node: Node): Node[] {
  if (
    node.type.startsWith('TS') &&
    !['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression'].includes(node.type)
  )
    return [];
  return Object.entries(node).flatMap(([key, value]): Node[] => {
    if (key.startsWith('type') || key === 'returnType') return [];
    if ((key === 'key' || key === 'property') && !('computed' in node && node.computed)) return [];
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  });
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

function declaredName(node: Node): string {
  if ('declaration' in node && isNode(node.declaration)) return declaredName(node.declaration);
  if ('id' in node && isNode(node.id)) return keyOf(node.id);
  if (node.type === 'VariableDeclaration') return node.declarations.map(({ id }) => keyOf(id)).join();
  return 'the module';
}
