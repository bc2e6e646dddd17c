import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PlainError } from './plain-error.ts';

const run = promisify(execFile);

/** Runs a program to its end. @throws {PlainError} with what it wrote, when it fails. */
export async function runOnce(
  what: string,
  { command, args, ...rest }: { command: string; args: string[]; cwd: string; env: NodeJS.ProcessEnv },
): Promise<void> {
  try {
    await run(command, args, rest);
  } catch (error) {
    const { stdout = '', stderr = '', message = '' } = error as { stdout?: string; stderr?: string; message?: string };
    throw new PlainError(`${what} failed:\n${`${stdout}${stderr}`.trim() || message}`, { cause: error });
  }
}
