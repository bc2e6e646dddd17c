/**
 * An address that Homeroom writes to: the one rule for everything that accepts an address and everything that mails. RFC 5321's
 * lengths (64 octets before the @, 254 in all), ASCII, and nothing that needs quoting in a header or an envelope. Stricter than the
 * RFC: an address that is accepted here is one that the mailer can deliver to.
 */
export const emailAddress =
  /^(?=.{6,254}$)(?=[^@]{1,64}@)[A-Za-z0-9_'+-]+(?:\.[A-Za-z0-9_'+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])$/;
