import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImageName } from './images.ts';

/** The fields of a package.json that are read. */
export interface Manifest {
  name: string;
  version: string;
  type?: string;
  exports?: unknown;
  dependencies?: Record<string, string>;
  workspaces?: string[];
}

/** A workspace of this repository. */
export interface Workspace {
  /** Its folder in the checkout, such as `libs/postgres`. */
  folder: string;
  manifest: Manifest;
}

/** Every workspace of the checkout, by name. */
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

/** The workspaces that an image holds, its own last. */
export function imageWorkspaces(checkout: string, image: ImageName): Workspace[] {
  return productionWorkspaces(readWorkspaces(checkout), `@homeroom/${image}`);
}

/** The production dependencies of each workspace, by its folder. */
export function dependenciesByFolder(workspaces: readonly Workspace[]): Map<string, string[]> {
  return new Map(workspaces.map(({ folder, manifest }) => [folder, Object.keys(manifest.dependencies ?? {})]));
}

/**
 * The workspaces that one of them needs in production, each after its dependencies and itself last.
 * @throws when there is no workspace of this name.
 */
export function productionWorkspaces(workspaces: ReadonlyMap<string, Workspace>, name: string): Workspace[] {
  const found = new Map<string, Workspace>();
  const visit = (wanted: string): void => {
    const workspace = workspaces.get(wanted);
    if (workspace === undefined || found.has(wanted)) return;
    for (const dependency of Object.keys(workspace.manifest.dependencies ?? {})) visit(dependency);
    found.set(wanted, workspace);
  };
  if (!workspaces.has(name)) throw new Error(`No workspace is called ${name}`);
  visit(name);
  return [...found.values()];
}

function readManifest(checkout: string, folder: string): Manifest {
  return JSON.parse(readFileSync(join(checkout, folder, 'package.json'), 'utf8')) as Manifest;
}
