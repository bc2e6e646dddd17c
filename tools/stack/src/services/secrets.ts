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
  /** Of the single-use links in mails. */
  accountTokens: string;
  coordinator: string;
  /** Of every family that was seeded. */
  guardian: string;
}

export function loadSecrets(stateDir: string): Secrets {
  const file = join(stateDir, 'secrets.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>) : {};
  const secret = (): string => randomBytes(24).toString('base64url');
  // typed by people
  const password = (): string => randomBytes(9).toString('hex');
  const secrets = {
    postgres: secret(),
    roles: secret(),
    cursors: secret(),
    webhooks: secret(),
    accountTokens: secret(),
    coordinator: password(),
    guardian: password(),
    // a file of an older version lacks the newer ones
    ...known,
  };
  if (Object.keys(known).length === Object.keys(secrets).length) return secrets;
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}
