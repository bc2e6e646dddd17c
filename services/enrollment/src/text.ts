import { z } from 'zod';

const lengthOf = (text: string): number => Array.from(text).length;

/**
 * Text as people write it: composed (NFC) so that equal titles are equal bytes, trimmed, counted in characters and not in
 * UTF-16 units.
 */
export const text = (maxLength: number, minLength = 1): z.ZodString =>
  z
    .string()
    .overwrite((value) => value.normalize('NFC').trim())
    .refine((value) => lengthOf(value) >= minLength, `must have at least ${minLength} characters`)
    .refine((value) => lengthOf(value) <= maxLength, `must have at most ${maxLength} characters`)
    .meta({ minLength, maxLength });

/** Lower case, as Postgres writes it: one id has one spelling in caches and comparisons. */
export const id = z.uuid().overwrite((value) => value.toLowerCase());
