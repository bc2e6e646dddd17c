/**
 * Text for a place that holds one line: a mail header, a calendar's name. Control characters and line separators become
 * spaces, so that no text of a family's can start a header of its own.
 */
export const oneLine = (text: string, limit = 200): string =>
  Array.from(text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim())
    .slice(0, limit)
    .join('');
