import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkout } from '../options.ts';
import { runCommand } from '../run-command.ts';

await runCommand(
  ({ signal }) =>
    new Promise((resolve, reject) => {
      const args = ['--conditions=@homeroom/source', join(checkout, 'bench', 'run.ts'), ...process.argv.slice(2)];
      const child = spawn(process.execPath, args, { cwd: checkout, stdio: 'inherit' });
      signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    }),
);
