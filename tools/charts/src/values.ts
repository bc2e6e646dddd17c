import { isMap, isScalar, LineCounter, parse, parseDocument, type YAMLMap } from 'yaml';

export type Schema = Readonly<Record<string, unknown>>;

/** A key of a values.yaml with what its comment says. */
export interface Value {
  readonly key: string;
  readonly description: string;
  /** The keywords of its `# @schema` comment. */
  readonly schema: Schema;
  readonly default: unknown;
  /** Its keys, if they have descriptions of their own. */
  readonly children: readonly Value[];
  /** JSON pointer of the value whose schema it shares, by `like`. */
  readonly sameAs?: string;
}

/** A value that another one is like, and its place in the schema. */
interface Model {
  readonly value: Value;
  readonly pointer: string;
}

/** Reads the values of a chart. @throws when one has no description. */
export function readValues(file: string, text: string): Value[] {
  const lines = text.split('\n');
  const lineCounter = new LineCounter();
  const { contents, errors } = parseDocument(text, { lineCounter });
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`);
  return isMap(contents) ? readMap(contents, parse(text) as Schema, '#', '') : [];

  function readMap(map: YAMLMap, defaults: Schema, pointer: string, path: string, model?: Model): Value[] {
    const values: Value[] = [];
    for (const { key: node, value } of map.items) {
      if (!isScalar(node) || node.range == null) throw new Error(`${file}: ${path} has a key that is not a scalar`);
      const key = String(node.value);
      const { line } = lineCounter.linePos(node.range[0]);
      const place = `${file}:${line}: ${path}${key}`;
      const { like, ...schema } = map.flow === true ? {} : keywordsAbove(lines, line);
      const own = map.flow === true ? undefined : descriptionAbove(lines, line);
      const twin =
        like === undefined ? modelOf(model?.value.children, key, model?.pointer) : modelOf(values, like, pointer);
      if (like !== undefined && twin === undefined)
        throw new Error(`${place} is like “${like as string}”, which is not above it.`);
      const description = own ?? twin?.value.description;
      if (description === undefined) throw new Error(`${place} has no description. Add a comment “# -- …” above it.`);
      // its keys are described elsewhere
      const leaf = '$ref' in schema || 'chart' in schema || (twin !== undefined && twin.value.children.length === 0);
      const children =
        isMap(value) && !leaf
          ? readMap(value, defaults[key] as Schema, `${pointer}/properties/${key}`, `${path}${key}.`, twin)
          : [];
      const shared = twin !== undefined && (own === undefined || like !== undefined) && sameKeys(children, twin);
      values.push({
        key,
        description,
        schema,
        default: defaults[key],
        children,
        ...(shared && { sameAs: twin.pointer }),
      });
    }
    return values;
  }
}

function modelOf(values: readonly Value[] | undefined, key: unknown, pointer = ''): Model | undefined {
  const value = values?.find((each) => each.key === key);
  return value && { value, pointer: `${pointer}/properties/${value.key}` };
}

/** Whether an object has the keys of its model, and each the schema of its twin. */
function sameKeys(children: readonly Value[], { value }: Model): boolean {
  return children.length === value.children.length && children.every(({ sameAs }) => sameAs !== undefined);
}

/** The comment directly above a line (which counts from 1), from its `# --` on. */
function commentAbove(lines: readonly string[], line: number): string[] {
  const comment: string[] = [];
  for (let above = line - 2; lines[above]?.trimStart().startsWith('#') === true; above--) {
    comment.unshift(lines[above]!.trim().slice(1));
    if (comment[0]!.startsWith(' -- ')) break;
  }
  return comment;
}

function descriptionAbove(lines: readonly string[], line: number): string | undefined {
  const [first, ...more] = commentAbove(lines, line).filter((text) => !text.startsWith(' @schema '));
  if (first?.startsWith(' -- ') !== true) return undefined;
  return [first.slice(4), ...more].map((text) => text.trim()).join(' ');
}

function keywordsAbove(lines: readonly string[], line: number): Record<string, unknown> {
  const keywords = commentAbove(lines, line).filter((text) => text.startsWith(' @schema '));
  return Object.assign({}, ...keywords.map((text) => parse(`{ ${text.slice(9)} }`) as object)) as Record<
    string,
    unknown
  >;
}
