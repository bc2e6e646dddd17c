import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PlainError } from '../terminal/errors.ts';

const run = promisify(execFile);

/**
 * Runs a program to its end.
 * @param input the program's standard input, for secrets, which must not appear on a command line.
 * @throws {PlainError} with what it wrote, when it fails.
 */
export async function runOnce(
  what: string,
  { command, args, ...rest }: { command: string; args: string[]; cwd: string; env: NodeJS.ProcessEnv },
  input = '',
): Promise<void> {
  try {
    const running = run(command, args, rest);
    // a program that ends without reading breaks the pipe; its exit code is reported
    running.child.stdin?.on('error', () => undefined).end(input);
    await running;
  } catch (error) {
    const { stdout = '', stderr = '', message = '' } = error as { stdout?: string; stderr?: string; message?: string };
    throw new PlainError(`${what} failed:\n${`${stdout}${stderr}`.trim() || message}`, { cause: error });
  }
}
