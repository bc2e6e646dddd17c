import { z } from 'zod';

/** What both JSON and Postgres can hold: no lone surrogates, no NUL. */
const storable = (given: string): boolean => given.isWellFormed() && !given.includes('\0');

const lengthOf = (given: string): number => Array.from(given).length;

/**
 * Text as people write it: composed (NFC) so that equal names are equal bytes, trimmed, counted in characters and not in
 * UTF-16 units. Everything else is kept as sent; the code that prints it escapes it.
 */
export const text = (maxLength: number, minLength = 1): z.ZodString =>
  z
    .string()
    .overwrite((value) => value.normalize('NFC').trim())
    .refine(storable, 'must be well-formed Unicode without NUL')
    .refine(
      (value) => lengthOf(value) >= minLength,
      minLength === 1 ? 'must not be empty' : `must be at least ${minLength} characters`,
    )
    .refine((value) => lengthOf(value) <= maxLength, `must be at most ${maxLength} characters`)
    .meta({ minLength, maxLength });

/** Text that another system made, such as an id: kept as it came, but only what can be stored. */
export const foreignText = (maxLength: number, minLength = 1): z.ZodString =>
  z.string().min(minLength).max(maxLength).refine(storable, 'must be well-formed Unicode without NUL');

/** Lower case, as Postgres writes it: one id has one spelling in caches and comparisons. */
export const id = z.uuid().overwrite((value) => value.toLowerCase());
