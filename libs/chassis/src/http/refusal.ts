import type { ChassisErrorCode, ErrorTable } from './errors.ts';

/** What a use-case returns for what the domain refuses. It throws for faults only. */
export interface Refused<Code extends string = string> {
  readonly kind: 'refused';
  readonly code: Code | ChassisErrorCode;
  /** What happened this time, for people. */
  readonly detail?: string | undefined;
  /** Further members of the problem; `retryAfterSeconds` becomes `Retry-After`. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

export const refused = <const Code extends string>(
  code: Code,
  detail?: string,
  extra?: Readonly<Record<string, unknown>>,
): { kind: 'refused'; code: Code; detail?: string; extra?: Readonly<Record<string, unknown>> } => ({
  kind: 'refused',
  code,
  ...(detail === undefined ? {} : { detail }),
  ...(extra === undefined ? {} : { extra }),
});

export const isRefused = <T>(outcome: T): outcome is Extract<T, { readonly kind: 'refused' }> =>
  typeof outcome === 'object' && outcome !== null && 'kind' in outcome && outcome.kind === 'refused';

/**
 * What a route makes of an outcome.
 * @throws {Problem} for a refusal, from the service's error table.
 */
export function accepted<T, Code extends string>(
  errors: ErrorTable<Code>,
  outcome: T | Refused<Code>,
): Exclude<T, { readonly kind: 'refused' }> {
  if (isRefused(outcome)) {
    const { code, detail, extra } = outcome as Refused<Code>;
    throw errors.problem(code, detail, extra);
  }
  return outcome as Exclude<T, { readonly kind: 'refused' }>;
}
