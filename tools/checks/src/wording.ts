/** Household words and British spellings, as patterns, with what the field says instead. */
const terms: Readonly<Record<string, string>> = {
  'mend(s|ed|ing)?': 'fix',
  'tell(s|ing)?|told': 'notify, log, report',
  'away|gone': 'unavailable, down, deleted',
  'whoever|somebody': 'anyone who, callers, clients',
  'houses?': 'release, co-op, harness',
  'enrol(s|ments?)?': 'enroll, enrollment',
  'behaviours?': 'behavior',
  'colours?': 'color',
  '(authori|normali|recogni|organi)s(e[ds]?|ing)': 'the spelling with z',
  'favours?|honours?': 'the spelling with o',
  'catalogues?': 'catalog',
};

/** Texts that keep their words: applied migrations, whose checksums are stored, data, and what people write. */
const exempt =
  /^(CHANGELOG\.md|LICENSE|package-lock\.json)$|\/migrations\/|\/seed\/|^bench\/results\/|common-passwords|wording\.(test\.)?ts$/;

export const isWorded = (file: string): boolean => !exempt.test(file);

/** Words of a text that have a better term, each with its line. A word inside of a longer name is not one. */
export function wordingFaults(file: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) =>
    Object.entries(terms).flatMap(([pattern, better]) => {
      const found = new RegExp(`(?<![\\w/.-])(${pattern})(?![\\w-])`, 'i').exec(line)?.[0];
      return found === undefined ? [] : [`${file}:${index + 1}: “${found}”: write ${better}`];
    }),
  );
}
