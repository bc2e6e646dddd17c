import { domainToASCII } from 'node:url';

/**
 * An address that Homeroom writes to: the one rule for everything that accepts an address and everything that mails. RFC 5321's
 * lengths (64 octets before the @, 254 in all), ASCII, and nothing that needs quoting in a header or an envelope. Stricter than the
 * RFC: an address that is accepted here is one that the mailer can deliver to.
 */
export const emailAddress =
  /^(?=.{6,254}$)(?=[^@]{1,64}@)[A-Za-z0-9_'+-]+(?:\.[A-Za-z0-9_'+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])$/;

/** What a domain is written with: letters, digits, and their marks, hyphens, dots of any script, and joiners. */
const written = /^(?:[\p{L}\p{N}\p{M}.\u3002\uff0e\uff61-]|\u200c|\u200d){1,254}$/u;

/**
 * An address as it is stored and compared, whichever way its owner writes it: trimmed, in lower case, and an internationalized
 * domain in ASCII. What is no address stays none: test the outcome with `emailAddress`.
 */
export function normalizedEmail(given: string): string {
  const trimmed = given.trim();
  const at = trimmed.lastIndexOf('@');
  const domain = trimmed.slice(at + 1);
  if (at === -1 || !/[^\x20-\x7e]/.test(domain)) return trimmed.toLowerCase();
  // domainToASCII reads a URL's host: what is not of a domain would end it, or be decoded
  const ascii = written.test(domain) ? domainToASCII(domain) : '';
  return `${trimmed.slice(0, at)}@${ascii}`.toLowerCase();
}
