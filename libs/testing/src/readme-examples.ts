import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { outputOf } from './program.ts';

export interface ReadmeExample {
  /** The heading that the example stands under. */
  readonly heading: string;
  readonly code: string;
  /** What the ```text block right after the example promises it to print, if there is one. */
  readonly output: string | undefined;
}

/** Finds the ```ts examples of a Markdown text, each with the ```text block that may follow it. */
export function readmeExamples(markdown: string): ReadmeExample[] {
  const blocks = [...markdown.matchAll(/^#+ (?<heading>.*)$|^```(?<language>\w*)\n(?<body>[\s\S]*?)^```$/gm)];
  const examples: ReadmeExample[] = [];
  let heading = '';
  blocks.forEach(({ groups = {} }, index) => {
    if (groups['heading'] !== undefined) heading = groups['heading'];
    if (groups['language'] !== 'ts') return;
    const next = blocks[index + 1]?.groups;
    examples.push({
      heading,
      code: groups['body'] ?? '',
      output: next?.['language'] === 'text' ? next['body'] : undefined,
    });
  });
  return examples;
}

/**
 * Runs one example of a lib's README as a program of its own, the way its reader would.
 * @param folder the lib's folder; the example's imports are resolved from there.
 * @param env added to the environment: the addresses of engines that the README asks its reader to set.
 * @returns what it printed.
 * @throws when it ends with another status than 0 or is not done after `timeoutMs`.
 */
export async function runReadmeExample(
  folder: string,
  example: ReadmeExample,
  { env = {}, timeoutMs = 20_000 }: { env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<string> {
  const scratch = join(folder, '.homeroom');
  await mkdir(scratch, { recursive: true });
  const file = join(scratch, `${basename(folder)}-${example.heading.replace(/\W+/g, '-')}-${process.pid}.ts`);
  await writeFile(file, example.code);
  try {
    return await outputOf(file, [], { env, timeoutMs });
  } finally {
    await rm(file, { force: true });
  }
}

/** Reads the examples of the README in `folder`. */
export async function readExamplesOf(folder: string): Promise<ReadmeExample[]> {
  return readmeExamples(await readFile(join(folder, 'README.md'), 'utf8'));
}
