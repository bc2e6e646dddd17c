import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { StackFile } from './stack-file.ts';

export interface JourneyOptions {
  checkout: string;
  stack: StackFile;
  args: string[];
  signal: AbortSignal;
  /** Where it writes its counts as JSON. */
  reportFile?: string;
}

/** Runs the journey against a stack; resolves to its exit code. */
export function runJourney({ checkout, stack, args, signal, reportFile }: JourneyOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--conditions=@homeroom/source', join(checkout, 'tools', 'stack', 'src', 'journey', 'main.ts'), ...args],
      {
        cwd: checkout,
        stdio: 'inherit',
        env: {
          ...process.env,
          HOMEROOM_GATEWAY_URL: stack.gateway,
          HOMEROOM_MAIL_URL: stack.mail,
          HOMEROOM_PAYMENTS_URL: stack.payments,
          HOMEROOM_COORDINATOR_EMAIL: stack.coordinator.email,
          HOMEROOM_COORDINATOR_PASSWORD: stack.coordinator.password,
          ...(reportFile === undefined ? {} : { HOMEROOM_JOURNEY_REPORT: reportFile }),
        },
      },
    );
    const interrupt = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', interrupt, { once: true });
    child.once('error', reject);
    child.once('exit', (code) => {
      signal.removeEventListener('abort', interrupt);
      resolve(code ?? 1);
    });
  });
}
