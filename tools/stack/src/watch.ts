import { readFileSync, watch } from 'node:fs';
import { join, sep } from 'node:path';
import { serviceNames, type ServiceName } from './services.ts';

/** Which services a changed file is part of: its own service's, or all that stand on its lib. */
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

/** Editors write a file in several steps: a save is over when nothing moved for so long. */
const QUIET_MS = 60;

/** Calls `onSave` once per save with the files that changed, as paths below the checkout. */
export function watchSources(checkout: string, onSave: (files: string[]) => void): { close(): void } {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const watchers = ['services', 'libs'].map((folder) =>
    watch(join(checkout, folder), { recursive: true }, (_event, file) => {
      if (file === null || file.includes('node_modules')) return;
      changed.add(join(folder, file));
      clearTimeout(timer);
      timer = setTimeout(() => {
        const files = [...changed];
        changed.clear();
        onSave(files);
      }, QUIET_MS);
    }),
  );
  return {
    close: () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
