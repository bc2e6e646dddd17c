import { spawn } from 'node:child_process';

/** What a docker command said. */
export interface Said {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** The client to use. */
export const dockerClient = process.env['DOCKER'] ?? 'docker';

/** Runs docker, whatever its exit status. `DOCKER` names another client. @throws when there is none. */
export async function tryDocker(args: string[], env: NodeJS.ProcessEnv = process.env): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(dockerClient, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error) => reject(new Error(`${dockerClient} cannot be started: ${error.message}`)));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Runs docker and gives what it printed. @throws with the end of what it said when it fails. */
export async function docker(args: string[], env?: NodeJS.ProcessEnv): Promise<string> {
  const { status, stdout, stderr } = await tryDocker(args, env);
  if (status === 0) return stdout.trim();
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-40).join('\n');
  throw new Error(`docker ${args.slice(0, 2).join(' ')} failed:\n${said}`);
}

/** The size of a local image in bytes; undefined: there is none of this name. */
export async function imageSize(ref: string): Promise<number | undefined> {
  const { status, stdout, stderr } = await tryDocker(['image', 'inspect', '--format', '{{.Size}}', ref]);
  if (status === 0) return Number(stdout);
  if (/no such image/i.test(stderr)) return undefined;
  throw new Error(`docker image inspect failed:\n${stderr.trim()}`);
}
