import { z } from 'zod';

/** Characters that cannot be stored, or that no one sees: what was pasted from elsewhere. */
export const unusable = 'contains a character that cannot be used: type it again instead of pasting it';

/** What both JSON and Postgres can hold: no lone surrogates, no NUL. */
export const isStorable = (given: string): boolean => given.isWellFormed() && !given.includes('\0');

const lengthOf = (given: string): number => Array.from(given).length;
/** Whether anything of a text can be seen: it is not only spaces, joiners, and fillers. */
const isVisible = (given: string): boolean => /[^\s\p{Default_Ignorable_Code_Point}]/u.test(given);

interface Rules {
  readonly min: number;
  readonly max: number;
  /** What is made of the text before it is composed and trimmed. */
  readonly clean: (given: string) => string;
  /** Matches a character that no one types. */
  readonly control: RegExp;
}

const written = ({ min, max, clean, control }: Rules): z.ZodString =>
  z
    .string()
    .overwrite((value) => clean(value).normalize('NFC').trim())
    .refine((value) => value.isWellFormed() && !control.test(value), unusable)
    .refine(
      (value) => lengthOf(value) >= min && (min === 0 || isVisible(value)),
      min <= 1 ? 'must not be empty' : `must be at least ${min} characters`,
    )
    .refine((value) => lengthOf(value) <= max, `must be at most ${max} characters`)
    .meta({ minLength: min, maxLength: max });

/**
 * One line of text as people write it, such as a name, a title, or a city: composed (NFC) so that equal names are equal
 * bytes, trimmed, counted in characters and not in UTF-16 units, without line breaks and control characters. Everything else
 * is kept as sent; the code that prints it escapes it.
 */
export const text = (maxLength: number, minLength = 1): z.ZodString =>
  written({
    min: minLength,
    max: maxLength,
    clean: (value) => value,
    control: /(?![\n\v\f\r\u0085])\p{Cc}/u,
  }).refine((value) => !/[\n\v\f\r\u0085\u2028\u2029]/.test(value), 'must be on one line');

/** Text of several lines, such as a description: as `text`, with tabs and line breaks, each of them one `\n`. */
export const paragraphs = (maxLength: number, minLength = 1): z.ZodString =>
  written({
    min: minLength,
    max: maxLength,
    clean: (value) => value.replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, '\n'),
    control: /(?![\t\n])\p{Cc}/u,
  });

/** Text that another system made, such as an id: kept as it came, but only what can be stored. */
export const foreignText = (maxLength: number, minLength = 1): z.ZodString =>
  z.string().min(minLength).max(maxLength).refine(isStorable, unusable);

/** Lower case, as Postgres writes it: one id has one spelling in caches and comparisons. */
export const id = z.uuid().overwrite((value) => value.toLowerCase());
