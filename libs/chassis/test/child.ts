import { startProgram, type Program } from '@homeroom/testing';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const scratch = new URL('../.homeroom/', import.meta.url).pathname;

/**
 * Runs a program of one file, as the stack starts it.
 * @param code its text; `@homeroom/…` can be imported.
 */
export async function startChild(code: string, env: Record<string, string> = {}): Promise<Program> {
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, 'child-'));
  const file = join(folder, 'main.ts');
  await writeFile(file, code);
  const program = startProgram(file, { env: { PORT: '0', LOG_FORMAT: 'json', ...env } });
  void program.ended.then(() => rm(folder, { recursive: true }));
  return program;
}
