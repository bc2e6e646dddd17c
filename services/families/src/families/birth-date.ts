const oldestYears = 25;

/** What is wrong with a day (`2017-04-02`) as a pupil's birth date, if anything. Days are compared in UTC. */
export function birthDateMistake(day: string, now: Date): string | undefined {
  const today = now.toISOString().slice(0, 10);
  if (day > today) return 'must not be in the future';
  const earliest = `${Number(today.slice(0, 4)) - oldestYears}${today.slice(4)}`;
  if (day < earliest) return `must not be more than ${oldestYears} years ago`;
  return undefined;
}
