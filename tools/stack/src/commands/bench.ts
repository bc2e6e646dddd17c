import { openProgress } from '@homeroom/terminal';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkout, readStackOptions } from '../options/options.ts';
import { withPrivateEngines } from '../stack/private-stacks.ts';
import { runCommand } from '../terminal/run-command.ts';

await runCommand(async ({ signal }) => {
  const args = process.argv.slice(2);
  const run = (env: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const program = join(checkout, 'bench', 'run.ts');
      const child = spawn(process.execPath, ['--conditions=@homeroom/source', program, ...args], {
        cwd: checkout,
        env: { ...process.env, ...env },
        stdio: 'inherit',
      });
      signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
  if (args.includes('--help')) return run({});
  const { options } = readStackOptions([], process.env);
  return withPrivateEngines(options, 'bench', openProgress(), signal, run, { durable: true });
});
