import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether node_modules matches the lock. File times are unreliable after a checkout or a copy, and npm's own list does not show
 * deleted folders.
 * @param {string} checkout
 * @returns {boolean}
 */
export function isInstalled(checkout) {
  const hidden = join(checkout, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const read = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = read(hidden);
  return Object.entries(read(join(checkout, 'package-lock.json'))).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true;
    if (wanted.link) return existsSync(join(checkout, path));
    if (installed[path] === undefined) return wanted.optional || wanted.devOptional || wanted.peer || false;
    return installed[path].version === wanted.version && existsSync(join(checkout, path, 'package.json'));
  });
}
