import { expect, test } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';

/** The setting that a protection has, and what its test says without it. */
export interface Switch<Setting> {
  /** As in docs/patterns.md: a variable of the environment, a flag, an option, or a value of a chart. */
  readonly name: string;
  readonly on: Setting;
  readonly off: Setting;
  /** What the failure says with the switch off, so that no other failure passes for it. */
  readonly failure: RegExp;
}

/**
 * Declares a test of a protection and its negative control: the same body, which must fail with the protection switched off.
 * @param timeoutMs of each of the two
 */
export function testWithSwitch<Setting>(
  title: string,
  { name, on, off, failure }: Switch<Setting>,
  body: (setting: Setting) => Promise<void> | void,
  timeoutMs?: number,
): void {
  test(title, async () => body(on), timeoutMs);
  test(
    `control: switching ${name} makes it fail: ${title}`,
    async () => {
      expect(await failureOf(() => body(off))).toMatch(failure);
    },
    timeoutMs,
  );
}

async function failureOf(body: () => Promise<void> | void): Promise<string> {
  try {
    await body();
    return 'nothing failed';
  } catch (error) {
    return stripVTControlCharacters(error instanceof Error ? error.message : String(error));
  }
}
