import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The platform under test, and the coordinator's account there. */
export interface Target {
  readonly gateway: string;
  readonly mail?: string | undefined;
  readonly payments: string;
  readonly coordinator: { readonly email: string; readonly password: string };
}

/** Runs the journey in a process of its own; resolves to its exit code. */
export async function runJourney(
  { gateway, mail, payments, coordinator }: Target,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    stdio: 'inherit',
    env: {
      ...process.env,
      HOMEROOM_GATEWAY_URL: gateway,
      HOMEROOM_MAIL_URL: mail,
      HOMEROOM_PAYMENTS_URL: payments,
      HOMEROOM_COORDINATOR_EMAIL: coordinator.email,
      HOMEROOM_COORDINATOR_PASSWORD: coordinator.password,
    },
  });
  const interrupt = (): void => void child.kill('SIGTERM');
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
}
