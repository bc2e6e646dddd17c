const longestWord = 60;

/**
 * The words of a text as the search compares them: no case, no accents, no punctuation. Stored words and
 * queries are folded alike, so `jose` finds José and `muller` finds Müller.
 */
export function foldedWords(text: string): string[] {
  const words = wordsOf(text.normalize('NFKD').replace(/\p{M}/gu, ''));
  return [...new Set(words.map((word) => cut(word, longestWord)))];
}

/**
 * What two spellings of one name have in common: `José  Díaz` and `jose diaz`. Folded as the search does, except that marks of
 * scripts where they make another name are kept: はな and ばな may be twins. A name without letters is itself.
 */
export function nameKey(name: string): string {
  const letters = name.normalize('NFKD').replace(/(?<=[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}])\p{M}+/gu, '');
  return wordsOf(letters.normalize('NFC')).join(' ') || name;
}

/** What a list is ordered by. */
export const sortKey = (text: string): string => cut(foldedWords(text).join(' '), longestWord);

/** A tsquery for every word as a prefix; undefined without words. */
export function prefixQuery(text: string): string | undefined {
  const words = foldedWords(text);
  return words.length === 0 ? undefined : words.map((word) => `${word}:*`).join(' & ');
}

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

const cut = (text: string, length: number): string => Array.from(text).slice(0, length).join('');
