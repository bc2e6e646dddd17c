import type { FastifyError, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { chassisProblem, type FieldError } from './errors.ts';
import { isStorable, unusable } from './text.ts';
import { parse, type Issue } from '../wiring/validation-messages.ts';

/** Deeper than any schema of ours, and shallow enough for every recursive reader behind it. */
const maxDepth = 32;

/** Before the schema it refuses, everywhere, text that Postgres cannot hold (NUL, lone surrogates) and nesting without end. */
function parsePart<S extends z.ZodType>(schema: S, data: unknown): ReturnType<typeof parse<S>> {
  const unfit = unfitText(data);
  return unfit === undefined ? parse(schema, data) : { success: false, issues: [unfit] };
}

/** Validates a part of a request by its zod schema. Fastify carries the issues to the error handler, in `error.validation`. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    const parsed = parsePart(schema, data);
    return parsed.success ? { value: parsed.data } : { error: parsed.issues as unknown as Error };
  };

/**
 * Validates a body that a route has parsed itself, as the server does for all others.
 * @throws {Problem} `validation_failed` with the fields.
 */
export function validBody<S extends z.ZodType>(schema: S, data: unknown): z.output<S> {
  const parsed = parsePart(schema, data);
  if (parsed.success) return parsed.data;
  const errors = parsed.issues.map((issue) => ({ in: 'body', ...issue }));
  throw chassisProblem('validation_failed', undefined, { errors });
}

/** Walks without recursion: its input is untrusted. */
function unfitText(root: unknown): Issue | undefined {
  if (typeof root === 'string') return !isStorable(root) ? { field: '', message: unusable } : undefined;
  if (typeof root !== 'object' || root === null) return undefined;
  const rest: { value: object; path: readonly string[] }[] = [{ value: root, path: [] }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next.path.length > maxDepth) return { field: next.path.slice(0, 3).join('.'), message: 'has too many levels' };
    for (const [key, value] of Object.entries(next.value) as [string, unknown][]) {
      if (!isStorable(key)) return { field: [...next.path, '?'].join('.'), message: unusable };
      if (typeof value === 'string' && !isStorable(value))
        return { field: [...next.path, key].join('.'), message: unusable };
      if (typeof value === 'object' && value !== null) rest.push({ value, path: [...next.path, key] });
    }
  }
  return undefined;
}

const parts: Readonly<Record<string, FieldError['in']>> = {
  body: 'body',
  querystring: 'query',
  params: 'params',
  headers: 'headers',
};

/** @returns the fields of a request that a schema refused, or nothing for any other error. */
export function refusedFields({ validation, validationContext = 'body' }: FastifyError): FieldError[] | undefined {
  if (validation === undefined) return undefined;
  const place = parts[validationContext] ?? 'body';
  return (validation as unknown as Issue[]).map((issue) => ({ in: place, ...issue }));
}

/**
 * Refuses, when a route is declared, a schema that would hide a client's mistake: one that silently drops unknown fields, or
 * turns an empty text into a number.
 * @throws {Error} with the place of the first such schema.
 */
export function assertStrict(schema: unknown, place: string): void {
  const fault = schema instanceof z.ZodType ? firstFault(schema, '', new Set()) : undefined;
  if (fault !== undefined) throw new Error(`${place}${fault.at} ${fault.must}`);
}

interface Fault {
  readonly at: string;
  readonly must: string;
}

function firstFault(schema: z.core.$ZodType, at: string, seen: Set<unknown>): Fault | undefined {
  if (seen.has(schema)) return undefined;
  seen.add(schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ('coerce' in def && def.coerce) return { at, must: 'must not be coerced: use integerParameter' };
  const inner = (child: z.core.$ZodType): Fault | undefined => firstFault(child, at, seen);
  switch (def.type) {
    case 'object': {
      if ((def.catchall as z.core.$ZodTypes | undefined)?._zod.def.type !== 'never')
        return { at, must: 'must be a z.strictObject, so that unknown fields are refused' };
      for (const [key, child] of Object.entries(def.shape)) {
        const fault = firstFault(child, `${at}.${key}`, seen);
        if (fault !== undefined) return fault;
      }
      return undefined;
    }
    case 'array':
      return inner(def.element);
    case 'union':
      return def.options.map(inner).find((fault) => fault !== undefined);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return inner(def.innerType);
    case 'pipe':
      return inner(def.in) ?? inner(def.out);
    case 'lazy':
      return inner(def.getter());
    default:
      return undefined;
  }
}
