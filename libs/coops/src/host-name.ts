const label = /^(?!-)[a-z\d-]{1,63}(?<!-)$/;
const literal = /^\[[\da-f:.]{2,45}\]$/;
/** The longest name (253), a dot, and a port. */
const maxLength = 260;

/**
 * The name in a `Host` header: lower case, without port and trailing dot. IPv6 keeps its brackets.
 * @returns undefined for what is no host name: it belongs to no co-op.
 */
export function hostName(header: string): string | undefined {
  if (header.length > maxLength) return undefined;
  const [, given = ''] = /^(.+?)(?::\d{0,5})?$/.exec(header) ?? [];
  const lower = given.toLowerCase();
  if (literal.test(lower)) return lower;
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  return name.length <= 253 && name.split('.').every((part) => label.test(part)) ? name : undefined;
}
