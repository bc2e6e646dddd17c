/** A name as it is compared: letters and digits, without case. */
const fold = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/**
 * The candidates that a misspelled name may mean, the most alike first: those that differ by at most two letters, and by at
 * most a third of the name.
 * @param spellingsOf what a candidate is also called; its name if not given.
 */
export function nearest(
  name: string,
  candidates: Iterable<string>,
  spellingsOf: (candidate: string) => readonly string[] = (candidate) => [candidate],
): string[] {
  const given = fold(name);
  const tolerated = Math.min(2, Math.floor(given.length / 3));
  return Array.from(candidates, (candidate) => {
    const distances = spellingsOf(candidate).map((spelling) => editDistance(given, fold(spelling)));
    return { candidate, distance: Math.min(...distances) };
  })
    .filter(({ distance }) => distance <= tolerated)
    .sort((a, b) => a.distance - b.distance)
    .map(({ candidate }) => candidate);
}

/** Levenshtein: letters to insert, remove, or replace. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(a).entries()) {
    const current = [row + 1];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (letter === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
