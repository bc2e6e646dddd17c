/** Words of programs. */
const words =
  /\b(?:API|ASCII|body|byte|Content-Encoding|cursor|ETag|HTTP|integer|JSON|NUL|null|object|payload|resource|schema|string|undefined|Unicode|URL|UUID|webhook)s?\b/i;
/** Names of fields as code writes them, and code itself. */
const code = /`|[a-z][A-Z]/;

/** @returns what only a programmer understands of a sentence that a parent reads; undefined when there is nothing. */
export const jargonIn = (sentence: string): string | undefined =>
  (words.exec(sentence) ?? code.exec(sentence) ?? undefined)?.[0];

/** The rows of an error table that are for people to correct (4xx), and whose title has jargon. */
export const jargonRows = (errors: Readonly<Record<string, { status: number; title: string }>>): string[] =>
  Object.entries(errors)
    .filter(([, { status, title }]) => status < 500 && jargonIn(title) !== undefined)
    .map(([row, { title }]) => `${row}: ${title}`);
