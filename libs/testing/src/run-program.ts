import { spawn } from 'node:child_process';

/**
 * Runs a program on this Node, with the sources of the libs.
 * @returns what it printed.
 * @throws with everything that it printed, when it ends with another status than 0 or is not done after `timeoutMs`.
 */
export function runProgram(args: readonly string[], env: NodeJS.ProcessEnv, timeoutMs: number): Promise<string> {
  const child = spawn(process.execPath, ['--conditions=@homeroom/source', ...args], {
    env: { ...env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let printed = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(printed);
      else
        reject(
          new Error(
            `the program ended with ${String(code ?? signal)} (limit ${timeoutMs} ms)\n${printed}${complaints}`,
          ),
        );
    });
  });
}
