import { nameKey } from './words.ts';

/** Whether a password is a name of its account's family or people, in any spelling: `okafor-diaz` of the Okafor Díaz family. */
export function isOwnName(password: string, names: readonly string[]): boolean {
  const given = together(password);
  return names.some((name) => together(name) === given);
}

const together = (text: string): string => nameKey(text).replaceAll(' ', '');
