import { spawn } from 'node:child_process';

/** Runs a program with its output shown; resolves to what it wrote on stdout. @throws when it exits with an error. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => void parts.push(part));
    child.once('error', reject);
    child.once('close', (code) => {
      const text = Buffer.concat(parts).toString();
      if (code === 0) resolve(text);
      else reject(new Error(`${command} ${args.join(' ')} exited with ${code}:\n${text.slice(-4000)}`));
    });
  });
}

/** The parts of a run with the seconds that each took. */
export class Parts {
  readonly #took: [string, number][] = [];

  async part<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    console.log(`… ${name}`);
    try {
      return await work();
    } finally {
      const seconds = (performance.now() - startedAt) / 1000;
      this.#took.push([name, seconds]);
      console.log(`  ${name}: ${seconds.toFixed(1)} s`);
    }
  }

  table(): string {
    const width = Math.max(...this.#took.map(([name]) => name.length));
    return this.#took.map(([name, seconds]) => `${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s`).join('\n');
  }
}
