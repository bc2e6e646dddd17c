import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Made once per state folder, so that data written yesterday can be read with today's passwords. */
export interface Secrets {
  postgres: string;
  /** Of the roles of every service. */
  roles: string;
  cursors: string;
  webhooks: string;
  coordinator: string;
  /** Of every family that was seeded. */
  guardian: string;
}

export function loadSecrets(stateDir: string): Secrets {
  const file = join(stateDir, 'secrets.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const secret = (): string => randomBytes(24).toString('base64url');
  // typed by people
  const password = (): string => randomBytes(9).toString('hex');
  const secrets = {
    postgres: secret(),
    roles: secret(),
    cursors: secret(),
    webhooks: secret(),
    coordinator: password(),
    guardian: password(),
  };
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}
