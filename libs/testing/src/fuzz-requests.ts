import fc from 'fast-check';
import { fitting, follow, type JsonSchema, type Surroundings } from './json-schema-arbitrary.ts';

export interface FuzzRoute {
  readonly method: string;
  /** As the document writes it, `/api/families/{id}`. */
  readonly path: string;
}

export interface FuzzRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string | undefined;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly schema?: JsonSchema;
  readonly $ref?: string;
}

export interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>> };
}

/** What clients send by mistake or malice: other types, empty, huge, NUL, boundaries, other scripts, injections, depth. */
const nasty: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, '', ' ', [], {}, 0, -0, -1, 0.5, 1e308, -1e308),
  fc.constantFrom<unknown>(2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 2 ** 63, 2 ** 64),
  fc.constantFrom<unknown>(
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\ufeff',
    '\u202egnp.exe',
    '👩‍👧‍👦',
    'שלום',
    'ﷺ',
    'e\u0301',
    '%00',
    '%ff',
    '\r\nX-Injected: 1',
  ),
  fc.constantFrom<unknown>(
    `'; drop table families; --`,
    '" or 1=1',
    '../../etc/passwd',
    '${7*7}',
    '<script>',
    '\\',
    '*',
    'NaN',
    'Infinity',
  ),
  fc.constantFrom<unknown>(
    '0000-00-00',
    '2026-02-30',
    '9999-12-31',
    '275760-09-14',
    '24:00',
    '-1',
    '1e3',
    '0x10',
    '١٢٣',
  ),
  fc.constantFrom(1_000, 20_000, 100_000).map((length) => 'x'.repeat(length)),
  fc.constantFrom(50, 500).map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.jsonValue(),
);

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const headerSafe = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 2_000);

/** Requests to one route: half of them as the document wants them, half with one thing wrong. */
export function requestsTo(
  { method, path }: FuzzRoute,
  operation: Operation,
  around: Surroundings,
): fc.Arbitrary<FuzzRequest> {
  const parameters = (operation.parameters ?? []).map((parameter) =>
    parameter.$ref === undefined ? parameter : (follow(parameter.$ref, around.document) as unknown as Parameter),
  );
  const valuesOf = (place: Parameter['in']): fc.Arbitrary<Record<string, unknown>> => {
    const own = parameters.filter((parameter) => parameter.in === place);
    const model = Object.fromEntries(own.map(({ name, schema }) => [name, fitting(schema, around, name)]));
    const requiredKeys = own.filter(({ required }) => required === true || place === 'path').map(({ name }) => name);
    return fc.record(model, { requiredKeys });
  };
  return fc
    .record({
      path: valuesOf('path'),
      query: valuesOf('query'),
      headers: valuesOf('header'),
      body: bodies(operation, around),
      wrong: fc.oneof(
        { weight: 4, arbitrary: fc.constant(undefined) },
        fc.constantFrom('path', 'query', 'headers', 'body'),
      ),
      mistake: fc.record({ value: nasty, place: fc.nat(), kind: fc.constantFrom('replace', 'remove', 'add', 'break') }),
    })
    .map(({ wrong, mistake, ...parts }) => {
      const sent = wrong === undefined ? parts : { ...parts, ...spoil(parts, wrong, mistake) };
      const { path: filled, query, headers, body } = sent;
      const search = new URLSearchParams(
        Object.entries(query).flatMap(([name, value]) =>
          [value].flat().map((one) => [name, asText(one)] as [string, string]),
        ),
      );
      const target = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
        encodeURIComponent(asText(filled[name] ?? '').toWellFormed()),
      );
      return {
        method,
        url: search.size === 0 ? target : `${target}?${search.toString()}`,
        headers: {
          ...Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name.toLowerCase(), headerSafe(asText(value))]),
          ),
          ...(body === undefined ? {} : { 'content-type': body.type }),
        },
        payload: body?.text,
      };
    });
}

interface Body {
  readonly type: string;
  readonly text: string;
  readonly value: unknown;
}

interface Parts extends Readonly<Record<'path' | 'query' | 'headers', Record<string, unknown>>> {
  readonly body: Body | undefined;
}

interface Mistake {
  readonly value: unknown;
  readonly place: number;
  readonly kind: 'replace' | 'remove' | 'add' | 'break';
}

function bodies({ requestBody }: Operation, around: Surroundings): fc.Arbitrary<Body | undefined> {
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  if (type === undefined) return fc.constant(undefined);
  if (!type.includes('json')) {
    const sound = around.known(type).map((text) => fc.constant(asText(text)));
    const any = fc.string({ unit: 'grapheme', maxLength: 2_000 });
    return fc.oneof(...sound, any).map((text) => ({ type, text, value: text }));
  }
  return fitting(content?.schema, around).map((value) => ({ type, text: JSON.stringify(value), value }));
}

function spoil(parts: Parts, where: keyof Parts, mistake: Mistake): Partial<Parts> {
  if (where === 'body') return { body: spoilBody(parts.body, mistake) };
  const values = { ...parts[where] };
  const names = Object.keys(values);
  const name = names[mistake.place % names.length];
  if (name === undefined || mistake.kind === 'add') values[`x${mistake.place % 100}`] = mistake.value;
  else if (mistake.kind === 'remove' && where !== 'path') Reflect.deleteProperty(values, name);
  else if (mistake.kind === 'break' && where === 'query')
    values[name] = Array.from({ length: 200 }, () => mistake.value);
  else values[name] = mistake.value;
  return { [where]: values };
}

function spoilBody(body: Body | undefined, { value, place, kind }: Mistake): Body {
  const { type = 'application/json', text = 'null', value: valid } = body ?? {};
  if (kind === 'break') {
    const otherType = ['text/html', 'application/xml', '', 'application/json; charset=nonsense'][place % 3] ?? '';
    if (place % 4 === 0) return { type: otherType, text, value };
    if (place % 4 === 1) return { type, text: '['.repeat(30_000), value };
    return { type, text: text.slice(0, place % (text.length + 1)), value };
  }
  if (!type.includes('json')) return { type, text: asText(value), value };
  const copy = structuredClone(valid);
  const spots = spotsOf(copy);
  const spot = spots[place % Math.max(1, spots.length)];
  if (spot === undefined) return { type, text: JSON.stringify(value), value };
  const holder = spot.holder as Record<string, unknown>;
  if (kind === 'remove') Reflect.deleteProperty(holder, spot.key);
  else holder[kind === 'add' ? (['unknown', '__proto__', 'constructor', ''][place % 4] ?? '') : spot.key] = value;
  return { type, text: JSON.stringify(copy), value: copy };
}

/** Every place inside a value where another value could stand. */
function spotsOf(value: unknown): { holder: object; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ holder: value, key }, ...spotsOf(inner)]);
}
