import type { Schema, Value } from './values.ts';

/** The JSON schema of a chart's values. */
export function buildSchema(title: string, values: readonly Value[], definitions: Record<string, Schema>): Schema {
  const used: Record<string, Schema> = {};
  const root = closed({ properties: propertiesOf(values) });
  return { $schema: 'https://json-schema.org/draft-07/schema#', title, ...root, definitions: used };

  function propertiesOf(list: readonly Value[]): Schema {
    return Object.fromEntries(list.map((value) => [value.key, { description: value.description, ...schemaOf(value) }]));
  }

  function schemaOf({ schema, children, sameAs, default: fallback }: Value): Schema {
    if (sameAs !== undefined) return { $ref: sameAs };
    if (children.length > 0) return closed({ properties: propertiesOf(children) });
    const { chart, ...keywords } = schema;
    if (chart !== undefined) return { type: 'object' };
    const typed = '$ref' in keywords || 'enum' in keywords || 'type' in keywords;
    return linked(typed ? keywords : { type: typeOf(fallback), ...keywords }) as Schema;
  }

  /** A schema with its definitions added to those that are used, and its objects closed. */
  function linked(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(linked);
    if (typeof node !== 'object' || node === null) return node;
    const entries = Object.entries(node).map(([key, value]) => [
      key,
      key === '$ref' ? define(String(value)) : linked(value),
    ]);
    const schema = Object.fromEntries(entries) as Schema;
    return 'properties' in schema ? closed(schema) : schema;
  }

  function define(name: string): string {
    const definition = definitions[name];
    if (definition === undefined) throw new Error(`charts/definitions.yaml has no definition “${name}”.`);
    used[name] ??= linked(definition) as Schema;
    return `#/definitions/${name}`;
  }
}

/** An object that requires all of its properties, but the optional ones, and accepts no others. */
function closed({ properties, ...rest }: Schema): Schema {
  const all = Object.entries(properties as Record<string, Schema>);
  const required = all.filter(([, { optional }]) => optional !== true).map(([key]) => key);
  const plain = all.map(([key, schema]) => [key, omitOptional(schema)]);
  return { type: 'object', ...rest, additionalProperties: false, properties: Object.fromEntries(plain), required };
}

const omitOptional = (schema: Schema): Schema =>
  Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== 'optional'));

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
