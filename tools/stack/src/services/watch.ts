import { watch } from 'chokidar';
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { serviceNames, type ServiceName } from '../options/service-names.ts';

/** The services that a changed file belongs to: its own, or all that depend on its lib. */
export function servicesOf(checkout: string, file: string): ServiceName[] {
  const [kind, name, folder] = file.split(sep);
  const isSource = (folder === 'src' || folder === 'migrations') && /\.(ts|sql|json)$/.test(file);
  if (name === undefined || !isSource) return [];
  if (kind === 'services') return serviceNames.filter((service) => service === name);
  return serviceNames.filter((service) => libsOf(join(checkout, 'services', service)).has(name));

  function libsOf(workspace: string, found = new Set<string>()): Set<string> {
    const manifest = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      const lib = dependency.startsWith('@homeroom/') ? dependency.slice('@homeroom/'.length) : undefined;
      if (lib === undefined || found.has(lib)) continue;
      found.add(lib);
      libsOf(join(checkout, 'libs', lib), found);
    }
    return found;
  }
}

/** Editors write a file in several steps: a save is complete after this time without changes. */
const QUIET_MS = 60;

/**
 * Calls `onSave` once per save with the changed files, as paths below the checkout. Resolves when it watches.
 * Not `fs.watch`, which on Linux follows the inode and misses saves after an editor has replaced the file.
 */
export async function watchSources(
  checkout: string,
  onSave: (files: string[]) => void,
): Promise<{ close(): Promise<void> }> {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(
    ['services', 'libs'].map((folder) => join(checkout, folder)),
    { ignoreInitial: true, ignored: /[\\/](node_modules|dist)([\\/]|$)/ },
  );
  watcher.on('all', (_event, file) => {
    changed.add(relative(checkout, file));
    clearTimeout(timer);
    timer = setTimeout(() => {
      const files = [...changed];
      changed.clear();
      onSave(files);
    }, QUIET_MS);
  });
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return {
    close: async () => {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}
