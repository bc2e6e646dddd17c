import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Copies the extra certificates that this machine's Node trusts into the build context: behind a company's proxy, npm needs them.
 * @returns removes them again.
 */
export function lendCertificates(checkout: string): () => void {
  const bundle = process.env['NODE_EXTRA_CA_CERTS'];
  if (bundle === undefined || !existsSync(bundle)) return () => undefined;
  const lent = join(checkout, 'tools', 'images', 'certificates', 'node-extra-ca-certs.pem');
  writeFileSync(lent, readFileSync(bundle));
  return () => rmSync(lent, { force: true });
}
