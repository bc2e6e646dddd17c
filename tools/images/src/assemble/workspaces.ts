import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is read of a package.json. */
export interface Manifest {
  name: string;
  version: string;
  type?: string;
  exports?: unknown;
  dependencies?: Record<string, string>;
  workspaces?: string[];
}

/** A package of this repository. */
export interface Workspace {
  /** Its folder from the checkout, such as `libs/postgres`. */
  folder: string;
  manifest: Manifest;
}

/** Every package of the checkout, by name. */
export function readWorkspaces(checkout: string): Map<string, Workspace> {
  const patterns = readManifest(checkout, '.').workspaces ?? [];
  const folders = patterns
    .flatMap((pattern) => globSync(join(pattern, 'package.json'), { cwd: checkout }))
    .map(dirname);
  return new Map(
    folders.sort().map((folder) => {
      const manifest = readManifest(checkout, folder);
      return [manifest.name, { folder, manifest }];
    }),
  );
}

/**
 * The packages of this repository that one of them needs in production, itself last and each after what it needs.
 * @throws when there is none of this name.
 */
export function productionWorkspaces(workspaces: ReadonlyMap<string, Workspace>, name: string): Workspace[] {
  const found = new Map<string, Workspace>();
  const visit = (wanted: string): void => {
    const workspace = workspaces.get(wanted);
    if (workspace === undefined || found.has(wanted)) return;
    for (const dependency of Object.keys(workspace.manifest.dependencies ?? {})) visit(dependency);
    found.set(wanted, workspace);
  };
  if (!workspaces.has(name)) throw new Error(`No package of this repository is called ${name}`);
  visit(name);
  return [...found.values()];
}

function readManifest(checkout: string, folder: string): Manifest {
  return JSON.parse(readFileSync(join(checkout, folder, 'package.json'), 'utf8')) as Manifest;
}
