import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The client; `DOCKER` names another. */
export const dockerClient = process.env['DOCKER'] ?? 'docker';

/** Runs docker and returns its output. @throws with the end of the output when it fails. */
export async function docker(args: string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(dockerClient, args, { maxBuffer: Infinity });
    return stdout.trim();
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-40).join('\n');
    throw new Error(`docker ${args.slice(0, 2).join(' ')} failed:\n${output || message}`, { cause: error });
  }
}

/** The size of a local image in bytes; undefined when it does not exist. */
export async function imageSize(ref: string): Promise<number | undefined> {
  try {
    return Number(await docker(['image', 'inspect', '--format', '{{.Size}}', ref]));
  } catch (error) {
    if (/no such image/i.test((error as Error).message)) return undefined;
    throw error;
  }
}
