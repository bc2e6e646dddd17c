import type { FastifyError, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import type { FieldError } from './errors.ts';

/** Deeper than any schema of ours, and shallow enough for every recursive reader behind it. */
const maxDepth = 32;

interface Issue {
  readonly field: string;
  readonly message: string;
}

/** What a refused part of a request carries to the error handler, in Fastify's `error.validation`. */
interface CarriedIssue {
  readonly homeroomIssue: Issue;
}

/**
 * Validates a part of a request by its zod schema. Before that it refuses, everywhere, text that Postgres cannot hold (NUL,
 * lone surrogates) and nesting without end.
 */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    const unfit = unfitText(data);
    if (unfit !== undefined) return { error: carry([unfit]) };
    const parsed = schema.safeParse(data);
    return parsed.success ? { value: parsed.data } : { error: carry(parsed.error.issues.flatMap(issuesOf)) };
  };

function carry(issues: readonly Issue[]): Error {
  return issues.map((homeroomIssue): CarriedIssue => ({ homeroomIssue })) as unknown as Error;
}

function issuesOf(issue: z.core.$ZodIssue): Issue[] {
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...at, key].join('.'), message: 'is not a known field' }));
  }
  return [{ field: at.join('.'), message: issue.message }];
}

/** Walks without recursion: its input is whatever came over the wire. */
function unfitText(root: unknown): Issue | undefined {
  if (typeof root === 'string') return unfit(root) ? { field: '', message: unfitMessage } : undefined;
  if (typeof root !== 'object' || root === null) return undefined;
  const rest: { value: object; path: readonly string[] }[] = [{ value: root, path: [] }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next.path.length > maxDepth) return { field: next.path.slice(0, 3).join('.'), message: 'is nested too deeply' };
    for (const [key, value] of Object.entries(next.value) as [string, unknown][]) {
      if (unfit(key)) return { field: [...next.path, '?'].join('.'), message: unfitMessage };
      if (typeof value === 'string' && unfit(value))
        return { field: [...next.path, key].join('.'), message: unfitMessage };
      if (typeof value === 'object' && value !== null) rest.push({ value, path: [...next.path, key] });
    }
  }
  return undefined;
}

const unfitMessage = 'contains characters that are no text';
const unfit = (text: string): boolean => text.includes('\0') || !text.isWellFormed();

const parts: Readonly<Record<string, FieldError['in']>> = {
  body: 'body',
  querystring: 'query',
  params: 'params',
  headers: 'headers',
};

/** @returns the fields of a request that a schema refused, or nothing for any other error. */
export function refusedFields({ validation, validationContext = 'body' }: FastifyError): FieldError[] | undefined {
  if (validation === undefined) return undefined;
  return (validation as unknown as CarriedIssue[]).map(({ homeroomIssue }) => ({
    in: parts[validationContext] ?? 'body',
    ...homeroomIssue,
  }));
}

/**
 * Refuses, when a route is declared, a schema that would drop unknown fields without a word: a client that misspells a
 * field must hear of it.
 * @throws with the place of the first object that is not strict.
 */
export function assertStrict(schema: unknown, place: string): void {
  const loose = schema instanceof z.ZodType ? firstLoose(schema, new Set()) : undefined;
  if (loose !== undefined)
    throw new Error(`${place}${loose} must be a z.strictObject, so that unknown fields are refused`);
}

function firstLoose(schema: z.core.$ZodType, seen: Set<unknown>): string | undefined {
  if (seen.has(schema)) return undefined;
  seen.add(schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const inner = (child: z.core.$ZodType): string | undefined => firstLoose(child, seen);
  switch (def.type) {
    case 'object': {
      if ((def.catchall as z.core.$ZodTypes | undefined)?._zod.def.type !== 'never') return '';
      for (const [key, child] of Object.entries(def.shape)) {
        const loose = inner(child);
        if (loose !== undefined) return `.${key}${loose}`;
      }
      return undefined;
    }
    case 'array':
      return inner(def.element);
    case 'union':
      return def.options.map(inner).find((loose) => loose !== undefined);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return inner(def.innerType);
    case 'pipe':
      return inner(def.in);
    case 'lazy':
      return inner(def.getter());
    default:
      return undefined;
  }
}
