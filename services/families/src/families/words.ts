const longestWord = 60;

/**
 * The words of a text as the search compares them: no case, no accents, no punctuation. Stored words and
 * queries are folded alike, so `jose` finds José and `muller` finds Müller.
 */
export function foldedWords(text: string): string[] {
  const folded = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 'ss');
  const words = folded.match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words.map((word) => cut(word, longestWord)))];
}

/** What a list is ordered by. */
export const sortKey = (text: string): string => cut(foldedWords(text).join(' '), longestWord);

/** A tsquery for every word as a prefix; undefined without words. */
export function prefixQuery(text: string): string | undefined {
  const words = foldedWords(text);
  return words.length === 0 ? undefined : words.map((word) => `${word}:*`).join(' & ');
}

const cut = (text: string, length: number): string => Array.from(text).slice(0, length).join('');
