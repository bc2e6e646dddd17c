const names = /^(?!-)[a-z\d-]{1,63}(?<!-)(?:\.(?!-)[a-z\d-]{1,63}(?<!-))*$/;
const literal = /^\[[\da-f:.]{2,45}\]$/;
const port = /^:\d{0,5}$/;
/** The longest name (253), a dot, and a port. */
const maxLength = 260;

/**
 * The name in a `Host` header: lower case, without port and trailing dot. IPv6 keeps its brackets.
 * @returns undefined for what is no host name: it belongs to no co-op.
 */
export function hostName(header: string): string | undefined {
  if (header.length > maxLength) return undefined;
  const colon = header.lastIndexOf(':');
  const given = colon > 0 && port.test(header.slice(colon)) ? header.slice(0, colon) : header;
  const lower = given.toLowerCase();
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  if (name.length <= 253 && names.test(name)) return name;
  return literal.test(lower) ? lower : undefined;
}
