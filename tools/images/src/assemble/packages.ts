/** The part of package-lock.json that is read: every installed package by its path, such as `node_modules/pg`. */
export interface Lock {
  packages: Record<string, LockedPackage>;
}

export interface LockedPackage {
  version?: string;
  /** A workspace. */
  link?: boolean;
  /** Not installed on other platforms. */
  optional?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/**
 * The third-party packages that workspaces need in production, by their paths in the lock. npm cannot list them: with
 * `--omit=dev --workspace …` it still includes the development dependencies of the workspace.
 * @param roots dependencies by the folder that needs them, such as `libs/postgres` → `['pg']`.
 * @throws when the lock lacks one.
 */
export function productionPackages(lock: Lock, roots: ReadonlyMap<string, readonly string[]>): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string, isOptional: boolean): void => {
    const path = resolve(lock, from, name);
    if (path === undefined) {
      if (isOptional) return;
      throw new Error(`package-lock.json has no ${name}, which ${from} needs`);
    }
    const entry = lock.packages[path];
    // type declarations are not needed at run time
    if (entry === undefined || entry.link === true || found.has(path) || name.startsWith('@types/')) return;
    found.add(path);
    for (const dependency of Object.keys(entry.dependencies ?? {})) {
      visit(path, dependency, dependency in (entry.optionalDependencies ?? {}));
    }
    for (const dependency of Object.keys(entry.optionalDependencies ?? {})) visit(path, dependency, true);
    for (const dependency of Object.keys(entry.peerDependencies ?? {})) {
      if (entry.peerDependenciesMeta?.[dependency]?.optional !== true) visit(path, dependency, false);
    }
  };
  for (const [folder, names] of roots) for (const name of names) visit(folder, name, false);
  return [...found].sort();
}

/** Where Node finds a package: in the nearest `node_modules` on the way up. */
function resolve({ packages }: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (path in packages) return path;
    if (folder === '') return undefined;
  }
}
