import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether node_modules holds what the lock wants. Times lie after a checkout or a copy, the two lists do not; and npm's own list
 * does not notice that a folder was deleted.
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
