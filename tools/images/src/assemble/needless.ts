const neverLoaded = /(\.map|\.[cm]?ts|\.md|\.markdown|\.flow|\.tsbuildinfo)$/i;
const legal = /^(licen[cs]e|notice|copying)/i;
const ofDevelopers = new Set(['test', 'tests', '__tests__', 'bench', 'benchmark', 'benchmarks', 'example', 'examples']);

/**
 * Whether a file of a published package is useless to a running program: types, source maps, documentation, tests.
 * Licenses stay.
 * @param path inside the package, such as `dist/index.d.ts`.
 */
export function isNeedless(path: string): boolean {
  const parts = path.split('/');
  const name = parts.at(-1) ?? '';
  // only at the top level: deeper such a folder may be code
  if (parts.length > 1 && ofDevelopers.has(parts[0] ?? '')) return true;
  return neverLoaded.test(name) && !legal.test(name);
}
