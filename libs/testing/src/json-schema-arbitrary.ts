import fc from 'fast-check';

/** The part of JSON Schema 2020-12 that zod writes. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

export interface Surroundings {
  /** The document that `$ref`s point into. */
  readonly document: unknown;
  /** Values worth trying for a property or parameter of this name, such as ids that exist. */
  readonly known: (name: string) => readonly unknown[];
}

/** Values that fit the schema, where possible: a pattern that no generator supports gets any string. */
export function fitting(schema: JsonSchema | undefined, around: Surroundings, name = ''): fc.Arbitrary<unknown> {
  const known = around.known(name);
  const plain = fittingSchema(schema ?? {}, around);
  return known.length === 0 ? plain : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, plain);
}

function fittingSchema(schema: JsonSchema, around: Surroundings): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return fitting(follow(schema.$ref, around.document), around);
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => fitting(choice, around)));
  if (schema.allOf !== undefined) {
    return fc
      .tuple(...schema.allOf.map((part) => fitting(part, around)))
      .map((parts) => Object.assign({}, ...parts) as unknown);
  }
  const types = schema.type === undefined ? [] : [schema.type].flat();
  return types.length === 0 ? fc.jsonValue() : fc.oneof(...types.map((type) => ofType(type, schema, around)));
}

function ofType(type: string, schema: JsonSchema, around: Surroundings): fc.Arbitrary<unknown> {
  switch (type) {
    case 'object':
      return objects(schema, around);
    case 'array':
      if (schema.prefixItems !== undefined) return fc.tuple(...schema.prefixItems.map((item) => fitting(item, around)));
      return fc.array(fitting(schema.items, around), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, 20),
      });
    case 'string':
      return strings(schema);
    case 'integer':
      return fc.integer({
        min: Math.max(schema.minimum ?? (schema.exclusiveMinimum ?? -1e6) + 1, Number.MIN_SAFE_INTEGER),
        max: Math.min(schema.maximum ?? (schema.exclusiveMaximum ?? 1e6) - 1, Number.MAX_SAFE_INTEGER),
      });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e9, max: schema.maximum ?? 1e9, noNaN: true });
    case 'boolean':
      return fc.boolean();
    default:
      return fc.constant(null);
  }
}

function objects(schema: JsonSchema, around: Surroundings): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const model = Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, fitting(value, around, key)]),
  );
  const own = fc.record(model, { requiredKeys: required.filter((key) => key in model) });
  if (typeof additionalProperties !== 'object') return own;
  return fc
    .tuple(own, fc.dictionary(fc.string(), fitting(additionalProperties, around), { maxKeys: 3 }))
    .map(([a, b]) => ({ ...b, ...a }));
}

/** Letters of many scripts, emoji, right-to-left text and combining marks: all of it is a name somewhere. */
const words = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    'Zoë',
    'Nguyễn Thị Ánh',
    'ענת כהן',
    'محمد',
    '山田 花子',
    '👩‍👧‍👦 Okafor',
    'e\u0301',
    "O'Brien; drop table",
    'ﷺ',
  ),
);

function strings({ format, pattern, minLength = 0, maxLength = 200 }: JsonSchema): fc.Arbitrary<string> {
  const formatted = format === undefined ? undefined : formats[format];
  if (formatted !== undefined) return formatted;
  if (pattern !== undefined) return matching(pattern);
  const longest = 'ñ'.repeat(Math.min(maxLength, 10_000));
  const shortest = longest.slice(0, minLength);
  return fc.oneof(
    { weight: 4, arbitrary: words.map((word) => word.padEnd(minLength, 'a').slice(0, maxLength)) },
    fc.constantFrom(shortest, longest),
  );
}

const instants = fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
const formats: Record<string, fc.Arbitrary<string>> = {
  uuid: fc.uuid(),
  email: fc
    .tuple(fc.stringMatching(/^[a-z]{1,12}$/), fc.uuid())
    .map(([name, id]) => `${name}.${id.slice(0, 8)}@example.org`),
  date: instants.map((instant) => instant.toISOString().slice(0, 10)),
  'date-time': instants.map((instant) => instant.toISOString()),
  time: instants.map((instant) => instant.toISOString().slice(11, 16)),
  uri: fc.webUrl(),
};

function matching(pattern: string): fc.Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern));
  } catch (error) {
    // fast-check knows no look-around; any string is then a wrong one, which is worth trying too
    if (error instanceof Error) return words;
    throw error;
  }
}

/** Finds what a `#/components/…` reference points to. */
export function follow(ref: string, document: unknown): JsonSchema {
  let target = document;
  for (const part of ref.replace(/^#\//, '').split('/')) {
    target = (target as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return target ?? {};
}
