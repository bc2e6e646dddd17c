/** A row of a service's error table. The title is a sentence for people; it never depends on the request. */
export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  /** Sent as `Retry-After` unless the problem has its own. */
  readonly retryAfterSeconds?: number;
}

/** What any service may answer. */
export const chassisErrors = {
  bad_request: { status: 400, title: 'The request could not be read' },
  malformed_json: { status: 400, title: 'The data of the request could not be read' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  forbidden_origin: { status: 403, title: 'The request came from another website and was not accepted' },
  forbidden_role: { status: 403, title: 'Your account is not allowed to do this' },
  coop_suspended: { status: 403, title: 'This co-op is suspended' },
  unknown_host: { status: 404, title: 'There is no co-op at this address' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  method_not_allowed: { status: 405, title: 'This address does not accept this kind of request' },
  request_timeout: { status: 408, title: 'The request took too long to arrive; check your connection and try again' },
  precondition_failed: {
    status: 412,
    title: 'Someone else has changed this in the meantime; load it again and repeat your change',
  },
  body_too_large: { status: 413, title: 'The text or file is too large' },
  unsupported_media_type: { status: 415, title: 'This kind of file or data is not accepted here' },
  validation_failed: { status: 422, title: 'Some fields need a correction' },
  invalid_cursor: { status: 422, title: 'The list cannot be continued from here; start at its first page' },
  idempotency_key_reused: {
    status: 422,
    title: 'This was sent before with other contents; load the page again and repeat your change',
  },
  rate_limited: { status: 429, title: 'Too many requests; wait a moment and try again' },
  headers_too_large: { status: 431, title: 'The request is too large; delete the cookies of this site and try again' },
  internal: { status: 500, title: 'Internal server error' },
  overloaded: { status: 503, title: 'The server is overloaded', retryAfterSeconds: 1 },
  unavailable: { status: 503, title: 'A dependency is unavailable', retryAfterSeconds: 2 },
  sessions_unavailable: { status: 503, title: 'Sessions are unavailable', retryAfterSeconds: 2 },
} as const satisfies Record<string, ErrorEntry>;

export type ChassisErrorCode = keyof typeof chassisErrors;

/** An invalid field, and why. */
export interface FieldError {
  readonly in: 'body' | 'query' | 'params' | 'headers';
  /** Dotted path, `guardian.email`, `children.0.birthDate`; empty for the whole. */
  readonly field: string;
  readonly message: string;
}

/** Thrown anywhere below a route; leaves as RFC 9457 `application/problem+json`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  /** Further members of the body; `retryAfterSeconds` is also sent as `Retry-After`. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: string, entry: ErrorEntry, detail?: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(detail === undefined ? entry.title : `${entry.title}: ${detail}`);
    this.code = code;
    this.status = entry.status;
    this.title = entry.title;
    this.detail = detail;
    this.extra =
      entry.retryAfterSeconds === undefined ? extra : { retryAfterSeconds: entry.retryAfterSeconds, ...extra };
  }

  /** Headers that belong to the answer, content type included. */
  headers(): Record<string, string> {
    const { retryAfterSeconds } = this.extra;
    return {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      ...(typeof retryAfterSeconds === 'number'
        ? { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) }
        : {}),
    };
  }

  /** The answer's body. From 500 up it contains only what the table says. */
  body(requestId: string): string {
    return JSON.stringify({
      type: `https://homeroom.dev/problems/${this.code}`,
      title: this.title,
      status: this.status,
      code: this.code,
      ...(this.status < 500 ? { detail: this.detail } : {}),
      ...this.extra,
      instance: requestId,
    });
  }
}

/** A service's error table with the chassis' own rows. */
export interface ErrorTable<Code extends string = string> {
  /** Only the service's own rows, to compare with its README. */
  readonly own: Readonly<Record<string, ErrorEntry>>;
  readonly entries: Readonly<Record<string, ErrorEntry>>;
  /**
   * Makes the problem to throw.
   * @param detail what is wrong with this request, for people; never secrets. It is not sent from status 500 up.
   * @param extra further members of the body; `retryAfterSeconds` becomes `Retry-After`.
   */
  problem(code: Code | ChassisErrorCode, detail?: string, extra?: Readonly<Record<string, unknown>>): Problem;
}

/**
 * Makes a service's error table: code → status and sentence, with the chassis' own codes merged in.
 * @throws when a code is the chassis' own or is not lower_snake_case.
 */
export function defineErrors<const T extends Readonly<Record<string, ErrorEntry>>>(
  own: T,
): ErrorTable<Extract<keyof T, string>> {
  for (const code of Object.keys(own)) {
    if (!/^[a-z][a-z_]*$/.test(code)) throw new Error(`error code “${code}” is not lower_snake_case`);
    if (Object.hasOwn(chassisErrors, code)) throw new Error(`error code “${code}” belongs to the chassis`);
  }
  const entries: Readonly<Record<string, ErrorEntry>> = { ...chassisErrors, ...own };
  return {
    own,
    entries,
    problem: (code, detail, extra) => {
      const entry = entries[code];
      if (entry === undefined) throw new Error(`unknown error code “${code}”`);
      return new Problem(code, entry, detail, extra);
    },
  };
}

/** A problem with one of the chassis' own codes, for libs that have no table. */
export const chassisProblem = (
  code: ChassisErrorCode,
  detail?: string,
  extra?: Readonly<Record<string, unknown>>,
): Problem => new Problem(code, chassisErrors[code], detail, extra);
