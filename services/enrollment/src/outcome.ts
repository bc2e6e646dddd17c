import { accepted, isRefused } from '@homeroom/chassis';
import { errors, type ErrorCode } from './errors.ts';

export { isRefused };

/** What the domain refuses, as a use-case returns it. A route turns it into a problem with `unlessRefused`. */
export interface Refused<Code extends ErrorCode = ErrorCode> {
  readonly kind: 'refused';
  readonly code: Code;
  readonly detail?: string | undefined;
  /** Further members of the problem. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export const refuse = <Code extends ErrorCode>(
  code: Code,
  detail?: string,
  extra: Readonly<Record<string, unknown>> = {},
): Refused<Code> => ({ kind: 'refused', code, detail, extra });

/** @throws {Problem} for a refusal. */
export const unlessRefused = <T>(outcome: T): Exclude<T, { readonly kind: 'refused' }> => accepted(errors, outcome);
