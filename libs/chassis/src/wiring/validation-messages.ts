import type { z } from 'zod';

/** A field that was refused: a dotted path, empty for the whole, and what is wrong with it. */
export interface Issue {
  readonly field: string;
  readonly message: string;
}

/**
 * Parses a value from outside.
 * @returns the parsed value, or sentences that name the field, what is wrong, and what is accepted: one for each field
 *   unless several rules of our own refuse it.
 */
export function parse<S extends z.ZodType>(
  schema: S,
  value: unknown,
): { success: true; data: z.output<S> } | { success: false; issues: readonly Issue[] } {
  const parsed = schema.safeParse(value, { error: sentence, reportInput: true });
  if (parsed.success) return parsed;
  const first = new Map<string, z.core.$ZodIssue>();
  const issues = parsed.error.issues.filter((issue) => {
    const place = issue.path.join('.');
    const before = first.get(place);
    if (before === undefined) first.set(place, issue);
    // rules of our own may find several things in one field, but not in one that has the wrong form
    return before === undefined || (before.code === 'custom' && issue.code === 'custom');
  });
  return { success: false, issues: issues.flatMap(issuesOf) };
}

function issuesOf(issue: z.core.$ZodIssue): Issue[] {
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...at, key].join('.'), message: 'is not a known field' }));
  }
  const isMissing = issue.code !== 'custom' && (issue.input === undefined || issue.input === null);
  return [{ field: at.join('.'), message: isMissing ? 'is required' : issue.message }];
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a group of fields',
  array: 'a list',
  record: 'a group of fields',
  null: 'empty',
};

const formatNames: Readonly<Record<string, string>> = {
  email: 'an email address, such as ngozi@example.org',
  url: 'a web address, such as https://example.org',
  uuid: 'a valid id',
  date: 'a real day, such as 2027-04-02',
  datetime: 'a date and time, such as 2027-04-02T09:30:00Z',
  time: 'a time, such as 09:30',
};

/** The sentence for an issue whose schema has none of its own. */
function sentence(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return `must be ${formatNames[issue.format] ?? 'in the expected format'}`;
    case 'too_small':
      return limit(issue.origin, 'at least', Number(issue.minimum), issue.inclusive);
    case 'too_big':
      return limit(issue.origin, 'at most', Number(issue.maximum), issue.inclusive);
    case 'invalid_union':
      return 'has none of the accepted forms';
    default:
      return 'is not accepted';
  }
}

function limit(origin: string, side: 'at least' | 'at most', bound: number, inclusive = true): string {
  if (origin === 'string' && side === 'at least' && bound === 1) return 'must not be empty';
  if (origin === 'string') return `must be ${side} ${bound} ${bound === 1 ? 'character' : 'characters'}`;
  if (origin === 'array') return `must have ${side} ${bound} ${bound === 1 ? 'item' : 'items'}`;
  if (inclusive) return `must be ${side} ${bound}`;
  return side === 'at least' ? `must be more than ${bound}` : `must be less than ${bound}`;
}
