import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface Described {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly content?: Readonly<Record<string, { readonly schema?: unknown }>>;
}

export interface Received {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** What clients act on: sent only where the document says so. */
const significant = ['etag', 'location', 'set-cookie', 'retry-after', 'allow'];

/**
 * Compares a response with its description in the document: status, media type, headers, and body.
 * @returns a function that returns what differs from the description, or undefined.
 */
export function responseChecker(
  document: object,
): (at: { method: string; path: string }, received: Received) => string | undefined {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  addFormats.default(ajv);
  ajv.addSchema(document, 'document');
  const compiled = new Map<string, ValidateFunction>();
  const validatorOf = (pointer: string): ValidateFunction => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` });
    compiled.set(pointer, known);
    return known;
  };
  return ({ method, path }, { status, type, headers, body }) => {
    const steps = ['paths', path, method.toLowerCase(), 'responses', String(status)];
    const described = steps.reduce<unknown>(
      (at, step) => (at as Record<string, unknown> | undefined)?.[step],
      document,
    ) as Described | undefined;
    if (described === undefined) return `status ${status} is not documented`;
    const missing = Object.entries(described.headers ?? {}).find(
      ([name, { required }]) => required === true && headers[name.toLowerCase()] === undefined,
    );
    if (missing !== undefined) return `the documented header ${missing[0]} was not sent`;
    const documented = new Set(Object.keys(described.headers ?? {}).map((name) => name.toLowerCase()));
    const extra = significant.find((name) => headers[name] !== undefined && !documented.has(name));
    if (extra !== undefined) return `the header ${extra} is not documented for ${status}`;
    if (described.content === undefined) return body === '' ? undefined : 'a body where none is documented';
    const media = type.split(';', 1)[0]?.trim() ?? '';
    const content = described.content[media];
    if (content === undefined) return `media type ${media || 'none'} is not documented for ${status}`;
    if (!media.includes('json')) return undefined;
    if (content.schema === undefined) return `the body of ${status} has no schema`;
    const pointer = [...steps, 'content', media, 'schema'].map((step) =>
      encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    const validate = validatorOf(`/${pointer.join('/')}`);
    if (validate(JSON.parse(body))) return undefined;
    return `the body is not as documented: ${ajv.errorsText(validate.errors)}`;
  };
}
