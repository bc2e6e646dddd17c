import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Lays the certificates that this machine's Node trusts besides its own beside the Dockerfile, while a build runs: behind a
 * proxy of a company npm reaches nothing without them.
 * @returns takes them away again.
 */
export function lendCertificates(checkout: string, env: NodeJS.ProcessEnv = process.env): () => void {
  const bundle = env['NODE_EXTRA_CA_CERTS'];
  if (bundle === undefined || !existsSync(bundle)) return () => undefined;
  const lent = join(checkout, 'tools', 'images', 'certificates', 'node-extra-ca-certs.pem');
  writeFileSync(lent, readFileSync(bundle));
  return () => rmSync(lent, { force: true });
}
