/** What is read of package-lock.json: every installed package by its path, such as `node_modules/pg`. */
export interface Lock {
  packages: Record<string, LockedPackage>;
}

export interface LockedPackage {
  version?: string;
  /** A package of this repository. */
  link?: boolean;
  /** May be missing, on a platform that it was not made for. */
  optional?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/**
 * The third-party packages that these packages of the repository need in production, by their paths in the lock. npm cannot
 * be asked: told to install one workspace without development dependencies, it brings those of the workspace all the same.
 * @param roots names of dependencies by the folder that needs them, such as `libs/postgres` → `['pg']`.
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
    // types are gone when the program runs
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
